import { encodeToken, tokenParts, type Contribution, type TokenOrder } from "@watersmeet/core/merge";
import { renderTimestamp } from "@watersmeet/core/schema";
import type { MaterializationId } from "../../../ledger/records.ts";
import type { DeskMerge } from "../merge-subject.ts";
import type { Said } from "./contributions.ts";
import type { ExplainedContribution } from "./explanation.ts";

/** What a contribution's token is, as bytes in an order. */
export function tokenOf(merge: DeskMerge, order: TokenOrder, contribution: Contribution): Buffer {
  return encodeToken(order, tokenParts(merge.policy, merge.spec.schema, contribution));
}

/** A contribution as people read it; `order` is that of the column that it is shown for. */
export function describeSaid(
  merge: DeskMerge,
  order: TokenOrder,
  { said, records }: { readonly said: Said; readonly records: ReadonlyMap<string, MaterializationId> },
): ExplainedContribution {
  const { stored, batch, fate } = said;
  return {
    fate,
    operation: stored.operation,
    branch: stored.branch,
    cells: stored.cells,
    token: describeToken(merge, order, said.contribution),
    lateClass: stored.lateClass,
    batch: {
      batchId: batch.batchId,
      generation: batch.generation,
      epoch: stored.epoch,
      standing: batch.standing,
      cursor: batch.cursor,
      origin:
        batch.origin === null
          ? null
          : {
              asset: batch.origin.asset,
              partition: batch.origin.partition,
              version: batch.origin.version,
              commitId: batch.origin.commitId,
              materializationId: records.get(batch.origin.commitId) ?? null,
              runId: batch.origin.runId,
              codeVersion: batch.origin.codeVersion,
              traceId: batch.origin.traceId,
            },
    },
  };
}

type TokenPart = ExplainedContribution["token"][number];

/** What decides between two contributions, in the order in which it does; the last parts only where they say something. */
function describeToken(merge: DeskMerge, order: TokenOrder, contribution: Contribution): readonly TokenPart[] {
  const parts = tokenParts(merge.policy, merge.spec.schema, contribution);
  const time = { part: "time", value: renderTime(parts.eventTimeUs) };
  const trust = { part: "trust", value: String(parts.rank) };
  const bucket = { part: "time within tolerance", value: renderTime(floorTo(parts.eventTimeUs, parts.toleranceUs)) };
  const recency = parts.toleranceUs === 0n ? [time, trust] : [bucket, trust, time];
  return [
    ...(order === "recencyFirst" ? recency : [trust, time]),
    { part: "sequence", value: String(parts.sequence) },
    { part: "batch", value: String(parts.batchSequence) },
    { part: "branch", value: parts.source },
    ...(parts.ordinal === 0n ? [] : [{ part: "ordinal", value: String(parts.ordinal) }]),
    // Deletes and retracts have no cells to compare.
    parts.operation === "upsert"
      ? { part: "value", value: parts.valueHash.toString("hex", 0, 6) }
      : { part: "operation", value: parts.operation },
  ];
}

function renderTime(micros: bigint | null): string {
  return micros === null ? "undated" : (renderTimestamp(micros) ?? `${micros} µs`);
}

function floorTo(micros: bigint | null, step: bigint): bigint | null {
  if (micros === null || step === 0n) return micros;
  const rest = micros % step;
  return micros - (rest < 0n ? rest + step : rest);
}
