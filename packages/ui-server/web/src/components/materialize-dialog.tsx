import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import type { PlanDto } from "../../../src/read/plan-dto.ts";
import type { RunDto } from "../../../src/read/run-dto.ts";
import { postJson } from "../api/client.ts";
import { ErrorNotice } from "./notice.tsx";
import { PlanPreview } from "./plan-preview.tsx";

interface Props {
  /** Selection to start from, e.g. `orders` or `*`. */
  readonly select: string;
  readonly isPartitioned: boolean;
}

/** A button that asks which partitions, shows what would run and why, and runs it. */
export function MaterializeButton({ select, isPartitioned }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button type="button" className="primary" onClick={() => dialog.current?.showModal()}>
        Materialize
      </button>
      <dialog ref={dialog} aria-labelledby="materialize-title">
        <MaterializeForm select={select} isPartitioned={isPartitioned} onClose={() => dialog.current?.close()} />
      </dialog>
    </>
  );
}

function MaterializeForm({ select, isPartitioned, onClose }: Props & { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const [selection, setSelection] = useState(select);
  const [partitions, setPartitions] = useState("");
  const [force, setForce] = useState(false);
  const [idempotencyKey, setIdempotencyKey] = useState(() => crypto.randomUUID());
  const request = { select: selection, force, ...(partitions.trim() === "" ? {} : { partitions: partitions.trim() }) };
  const plan = useMutation({ mutationFn: () => postJson<PlanDto>("/plans", request) });
  const run = useMutation({
    mutationFn: () => postJson<RunDto>("/runs", request, idempotencyKey),
    onSuccess: async ({ id }) => {
      onClose();
      setIdempotencyKey(crypto.randomUUID());
      await navigate({ to: "/runs/$id", params: { id } });
    },
  });
  const error = plan.error ?? run.error;
  return (
    <form
      method="dialog"
      onSubmit={(event) => {
        event.preventDefault();
        run.mutate();
      }}
    >
      <h2 id="materialize-title">Materialize</h2>
      <label>
        Selection
        <input name="select" value={selection} onChange={(event) => setSelection(event.target.value)} required />
        <small>
          <code>orders</code>, <code>+orders</code> with what it needs, <code>orders+</code> with what needs it,{" "}
          <code>*</code>
        </small>
      </label>
      <label>
        Partitions
        <input
          name="partitions"
          value={partitions}
          placeholder={isPartitioned ? "all" : "this asset is not partitioned"}
          onChange={(event) => setPartitions(event.target.value)}
        />
        <small>
          <code>2001-01-01..2001-01-31</code>, a key, <code>latest</code>, <code>failed</code>, <code>stale</code>,{" "}
          <code>missing</code>; empty for all
        </small>
      </label>
      <label className="inline">
        <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} /> run even what is
        up to date
      </label>
      {error !== null && <ErrorNotice error={error} />}
      {plan.data !== undefined && <PlanPreview plan={plan.data} />}
      <footer>
        <button type="button" onClick={onClose}>
          Close
        </button>
        <button type="button" onClick={() => plan.mutate()} disabled={plan.isPending}>
          Show the plan
        </button>
        <button type="submit" className="primary" disabled={run.isPending}>
          Run
        </button>
      </footer>
    </form>
  );
}
