import { useState } from "react";
import { formatCount } from "../../format.ts";
import { OrderButton } from "./order-dialog.tsx";

interface Props {
  readonly merge: string;
  readonly batchIds: readonly string[] | "all";
  /** How many batches that is. */
  readonly count: number;
  /** For the buttons, where they are one pair of many. */
  readonly name?: string;
}

/** What can be done with batches in the holding area: let them count, or not. */
export function HeldActions({ merge, batchIds, count, name }: Props) {
  const [overridesClosed, setOverridesClosed] = useState(false);
  const batches = count === 1 ? "1 batch" : `${formatCount(count)} batches`;
  const path = `/merges/${encodeURIComponent(merge)}`;
  const suffix = name === undefined ? "" : ` ${name}`;
  return (
    <span className="actions">
      <OrderButton
        label="Reconcile"
        buttonLabel={`Reconcile${suffix}`}
        title={`Reconcile ${batches} with ${merge}`}
        explanation="They count from now on, and a new version is made. Afterwards the table is as if they had come in time."
        path={`${path}/reconcile`}
        body={{ batchIds, overridesClosed }}
      >
        <label className="inline">
          <input
            type="checkbox"
            checked={overridesClosed}
            onChange={(event) => setOverridesClosed(event.target.checked)}
          />{" "}
          also rows of a closed period
        </label>
      </OrderButton>{" "}
      <OrderButton
        label="Reject"
        buttonLabel={`Reject${suffix}`}
        title={`Reject ${batches}`}
        explanation={`They will not count in ${merge}. They stay on record, and their rows stay readable.`}
        path={`${path}/reject`}
        body={{ batchIds }}
      />
    </span>
  );
}
