import { cellOf } from "../../schema/cell.ts";
import type { Row } from "../../schema/row-schema.ts";
import type { Operation } from "../contribution/contribution.ts";
import type { MergePolicy } from "../policy.ts";
import type { DeliveredRow } from "./seal-batch.ts";

/** Reads what a row of a branch says it does, by the columns that the policy names for it. A column that the row has not, or has as NULL, says the usual. */
export function readFeedRow(policy: MergePolicy, row: Row): DeliveredRow {
  const read = (name: string | undefined): unknown => (name === undefined ? null : (cellOf(row, name) ?? null));
  return {
    row,
    ...readPresent(read(policy.present)),
    operation: readOperation(read(policy.operation)),
    sequence: readSequence(read(policy.sequence)),
  };
}

function readOperation(value: unknown): Operation | null {
  if (value === null) return "upsert";
  return value === "upsert" || value === "delete" || value === "retract" ? value : null;
}

function readSequence(value: unknown): bigint {
  return typeof value === "bigint" || typeof value === "number" ? BigInt(value) : 0n;
}

function readPresent(value: unknown): Pick<DeliveredRow, "present"> {
  if (value === null) return {};
  return { present: Array.isArray(value) ? value.filter((name) => typeof name === "string") : [] };
}
