import { useState } from "react";
import { labelPartition } from "../../../src/read/label-partition.ts";
import { OrderButton } from "./merges/order-dialog.tsx";

interface Props {
  readonly asset: string;
  readonly partition: string;
  readonly version: number;
}

/** Gives readers what an earlier version had, and asks what becomes of what was made from later ones. */
export function RollbackButton({ asset, partition, version }: Props) {
  const [cascade, setCascade] = useState("refuse");
  return (
    <OrderButton
      label="Roll back"
      buttonLabel={`Roll back to version ${version}`}
      title={`Roll ${labelPartition(asset, partition)} back to version ${version}`}
      explanation="Of a merge, what was admitted since is revoked and a new version is made; of another asset, readers see that version again until it is run with force."
      path={`/assets/${encodeURIComponent(asset)}/rollback`}
      body={{ to: version, cascade, ...(partition !== "" && { partition }) }}
    >
      <label>
        What was made from later versions
        <select name="cascade" value={cascade} onChange={(event) => setCascade(event.target.value)}>
          <option value="refuse">is not touched: refuse when there is any</option>
          <option value="run">is made again</option>
          <option value="leaveStale">stays as it is, marked stale</option>
        </select>
      </label>
    </OrderButton>
  );
}
