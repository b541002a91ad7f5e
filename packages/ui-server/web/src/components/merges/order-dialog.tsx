import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import type { OrderDto } from "../../../../src/read/merges/order-dto.ts";
import { postJson } from "../../api/client.ts";
import { formatCount, formatPartition } from "../../format.ts";
import { ErrorNotice } from "../notice.tsx";

interface Props {
  /** On the button. */
  readonly label: string;
  readonly title: string;
  /** What will happen, before it does. */
  readonly explanation: React.ReactNode;
  /** Under the API. */
  readonly path: string;
  /** Of the request; the reason is added. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether the route can tell beforehand what it would do. @default false */
  readonly canPreview?: boolean;
  /** Told of the button, where the label alone would not say which of many it is. */
  readonly buttonLabel?: string;
  readonly isDisabled?: boolean;
  /** Further fields of the request, which the caller keeps. */
  readonly children?: React.ReactNode;
}

/** A button whose decision needs a reason: it is asked for, recorded, and the run that follows is shown, if one does. */
export function OrderButton(props: Props) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" aria-label={props.buttonLabel} disabled={props.isDisabled} onClick={() => setIsOpen(true)}>
        {props.label}
      </button>
      {isOpen && <OrderDialog {...props} onClose={() => setIsOpen(false)} />}
    </>
  );
}

function showModal(dialog: HTMLDialogElement | null): void {
  if (dialog !== null && !dialog.open) dialog.showModal();
}

function OrderDialog({ onClose, ...props }: Props & { readonly onClose: () => void }) {
  const id = useId();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [reason, setReason] = useState("");
  const [idempotencyKey] = useState(() => crypto.randomUUID());
  const request = { ...props.body, reason };
  const preview = useMutation({ mutationFn: () => postJson<OrderDto>(props.path, { ...request, dryRun: true }) });
  const order = useMutation({
    mutationFn: () => postJson<OrderDto | null>(props.path, request, idempotencyKey),
    onSuccess: async (answer) => {
      onClose();
      await client.invalidateQueries({ queryKey: ["merges"] });
      const run = answer?.run ?? null;
      if (run !== null) await navigate({ to: "/runs/$id", params: { id: run.id } });
    },
  });
  const error = order.error ?? preview.error;
  return (
    <dialog ref={showModal} aria-labelledby={id} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          order.mutate();
        }}
      >
        <h2 id={id}>{props.title}</h2>
        <p>{props.explanation}</p>
        {props.children}
        <label>
          Reason
          <input
            name="reason"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            required
            maxLength={2000}
          />
          <small>kept in the audit trail, with your decision</small>
        </label>
        {error !== null && <ErrorNotice error={error} />}
        {preview.data !== undefined && <OrderPreview order={preview.data} />}
        <footer>
          <button type="button" onClick={onClose}>
            Close
          </button>
          {props.canPreview === true && (
            <button type="button" onClick={() => preview.mutate()} disabled={reason.trim() === "" || preview.isPending}>
              Show what it would do
            </button>
          )}
          <button type="submit" className="primary" disabled={order.isPending}>
            {props.label}
          </button>
        </footer>
      </form>
    </dialog>
  );
}

function OrderPreview({ order }: { readonly order: OrderDto }) {
  return (
    <section aria-label="What it would do">
      <p>
        {order.batches.length === 1 ? "1 batch" : `${formatCount(order.batches.length)} batches`}, of{" "}
        {order.partitions.length === 0 ? "no partition" : order.partitions.map(formatPartition).join(", ")}.{" "}
        {order.descendants.length === 0
          ? "Nothing else becomes stale."
          : `Stale afterwards: ${order.descendants.join(", ")}.`}
      </p>
    </section>
  );
}
