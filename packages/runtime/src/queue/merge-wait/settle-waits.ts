import type { WaitPolicy } from "@watersmeet/core";
import type { CutDecision } from "@watersmeet/core/merge";
import type { AssetKey, OrdinalRange, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { NewEvent } from "../../ledger/events.ts";
import type { RunId } from "../../ledger/records.ts";
import type { StepFailure } from "../../step/step.ts";
import type { RunShape } from "../shape/run-shape.ts";
import { decideWait, type WaitVerdict } from "./decide-wait.ts";
import { describeGiveUp } from "./describe-give-up.ts";
import { readWaits, type WaitingMerge } from "./read-waits.ts";

export interface SettledWaits {
  /** Merges that may be claimed now. */
  readonly readyCount: number;
  /** Steps that ended as failed, because their merges cannot go on. */
  readonly failed: readonly number[];
  readonly events: readonly NewEvent[];
}

interface Judged {
  readonly merge: WaitingMerge;
  readonly terms: WaitPolicy;
  readonly verdict: WaitVerdict;
}

/**
 * Looks at merges that wait, and moves those that need not wait any longer: to `ready` with the decision on their rows, or to `failed`. Starts the time of
 * those whose first branch is there. The run's row is locked; what it writes was still waiting, so nothing is decided twice.
 */
export async function settleWaits(
  tx: Transaction<LedgerDatabase>,
  part: { readonly runId: RunId; readonly shape: RunShape; readonly steps: readonly OrdinalRange[] },
): Promise<SettledWaits> {
  if (part.steps.length === 0) return { readyCount: 0, failed: [], events: [] };
  const judged = (await readWaits(tx, part)).flatMap((merge): readonly Judged[] => {
    const terms = merge.asset.wait;
    return terms === null ? [] : [{ merge, terms, verdict: decideWait(terms, merge.legs, merge.isDue) }];
  });
  const going = judged.flatMap(({ merge, verdict }) =>
    verdict.kind === "goOn" ? [{ merge, decision: verdict.decision }] : [],
  );
  const lost = judged.flatMap(({ merge, terms, verdict }) =>
    verdict.kind === "giveUp" ? [{ merge, failure: describeGiveUp(merge, terms, verdict.why) }] : [],
  );
  await startTimes(tx, part.runId, judged);
  await goOn(tx, part.runId, going);
  await giveUp(tx, part, lost);
  return {
    readyCount: going.length,
    failed: lost.map(({ merge }) => merge.ordinal),
    events: [...describeGoing(part.runId, going), ...describeLost(part.runId, lost)],
  };
}

interface Going {
  readonly merge: WaitingMerge;
  readonly decision: CutDecision;
}

interface Lost {
  readonly merge: WaitingMerge;
  readonly failure: StepFailure;
}

async function startTimes(tx: Transaction<LedgerDatabase>, runId: RunId, judged: readonly Judged[]): Promise<void> {
  const timed = judged.filter(({ merge, verdict }) => verdict.kind === "wait" && verdict.isTimed && !merge.isTimed);
  if (timed.length === 0) return;
  await sql`
    update watersmeet.step set deadline_at = now() + timed.deadline_ms * interval '1 millisecond'
    from unnest(
      ${timed.map(() => runId)}::bigint[],
      ${timed.map(({ merge }) => merge.ordinal)}::integer[],
      ${timed.map(({ terms }) => terms.deadlineMs)}::bigint[]) as timed (run_id, ordinal, deadline_ms)
    where step.run_id = timed.run_id and step.ordinal = timed.ordinal and step.state = 'waiting'`.execute(tx);
}

async function goOn(tx: Transaction<LedgerDatabase>, runId: RunId, going: readonly Going[]): Promise<void> {
  if (going.length === 0) return;
  await sql`
    update watersmeet.step set state = 'ready', pending = 0, decision = going.decision
    from unnest(
      ${going.map(() => runId)}::bigint[],
      ${going.map(({ merge }) => merge.ordinal)}::integer[],
      ${going.map(({ decision }) => (decision.kind === "complete" ? null : JSON.stringify(decision)))}::jsonb[])
      as going (run_id, ordinal, decision)
    where step.run_id = going.run_id and step.ordinal = going.ordinal and step.state = 'waiting'`.execute(tx);
}

async function giveUp(
  tx: Transaction<LedgerDatabase>,
  { runId, shape }: { readonly runId: RunId; readonly shape: RunShape },
  lost: readonly Lost[],
): Promise<void> {
  if (lost.length === 0) return;
  const ordinals = lost.map(({ merge }) => merge.ordinal);
  await sql`
    update watersmeet.step set state = 'failed', finished_at = now(), failure = lost.failure
    from unnest(
      ${lost.map(() => runId)}::bigint[], ${ordinals}::integer[], ${lost.map(({ failure }) => JSON.stringify(failure))}::jsonb[])
      as lost (run_id, ordinal, failure)
    where step.run_id = lost.run_id and step.ordinal = lost.ordinal and step.state = 'waiting'`.execute(tx);
  await sql`
    insert into watersmeet.failed_partition (environment, asset, partition, run_id, ordinal, failed_at)
    select ${shape.plan.environment}, asset, partition, ${runId}, ordinal, now()
    from unnest(
      ${lost.map(({ merge }) => merge.asset.key)}::text[], ${lost.map(({ merge }) => merge.partition)}::text[], ${ordinals}::integer[])
      as lost (asset, partition, ordinal)
    on conflict (environment, asset, partition) do update
      set run_id = excluded.run_id, ordinal = excluded.ordinal, failed_at = excluded.failed_at`.execute(tx);
}

/** One event per merge and decision, however many partitions. */
function describeGoing(runId: RunId, going: readonly Going[]): readonly NewEvent[] {
  const decided = going.filter(({ decision }) => decision.kind !== "complete");
  const groups = Map.groupBy(decided, ({ merge, decision }) => `${merge.asset.key} ${JSON.stringify(decision)}`);
  return [...groups.values()].flatMap((group): readonly NewEvent[] => {
    const [first] = group;
    if (first === undefined || first.decision.kind === "complete") return [];
    const { kind, missing, allowed } = first.decision;
    const place = placeOf(runId, group);
    return [{ kind: "merge:decided", ...place, body: { kind, missing: [...missing], allowed, count: group.length } }];
  });
}

function describeLost(runId: RunId, lost: readonly Lost[]): readonly NewEvent[] {
  return [...Map.groupBy(lost, ({ merge }) => merge.asset.key).values()].map((group) => ({
    kind: "step:finished",
    ...placeOf(runId, group),
    body: { state: "failed", count: group.length, code: "MERGE_LEGS_MISSING" },
  }));
}

function placeOf(
  runId: RunId,
  group: readonly { readonly merge: WaitingMerge }[],
): { readonly runId: RunId; readonly asset?: AssetKey; readonly partition?: PartitionKey } {
  const [first, ...others] = group;
  if (first === undefined) return { runId };
  const place = { runId, asset: first.merge.asset.key };
  return others.length > 0 ? place : { ...place, partition: first.merge.partition };
}
