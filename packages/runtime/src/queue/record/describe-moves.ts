import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import type { NewEvent } from "../../ledger/events.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";

/** One event per run, asset and state, however many steps; the partition is named when there is one. */
export function describeMoves(accepted: readonly AcceptedAttempt[]): readonly NewEvent[] {
  const groups = Map.groupBy(accepted, ({ ended, move }) => `${ended.step.runId} ${ended.step.asset} ${move.state}`);
  return [...groups.values()].flatMap((group): readonly NewEvent[] => {
    const first = group[0];
    if (first === undefined) return [];
    const { asset, runId } = first.ended.step;
    const place = { runId, asset, ...onlyPartition(group.map((each) => each.ended.step.partition)) };
    const isRetry = first.move.state === "ready";
    const body: Json = isRetry ? { count: group.length } : { state: first.move.state, count: group.length };
    const moved = group.filter((each) => each.ended.outcome.kind === "committed");
    return [
      { kind: isRetry ? "step:retrying" : "step:finished", ...place, body },
      ...(moved.length === 0 ? [] : [describeHeads(asset, moved)]),
    ];
  });
}

function describeHeads(asset: AssetKey, moved: readonly AcceptedAttempt[]): NewEvent {
  const first = moved[0];
  return {
    kind: "head:moved",
    ...(first === undefined ? {} : { runId: first.ended.step.runId }),
    asset,
    ...onlyPartition(moved.map((each) => each.ended.step.partition)),
    body: { environment: first?.run.environment ?? "", count: moved.length },
  };
}

function onlyPartition(partitions: readonly PartitionKey[]): { readonly partition?: PartitionKey } {
  const [only, ...others] = partitions;
  return only === undefined || others.length > 0 ? {} : { partition: only };
}
