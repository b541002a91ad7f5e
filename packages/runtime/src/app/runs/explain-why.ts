import { describeRunReason } from "@watersmeet/core/plan";
import { hasOrdinal, type AssetKey, type PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import { readFreezes } from "../../ledger/decisions.ts";
import { listOrdersSinceHead } from "../../ledger/merge-orders.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { PartitionStatus, RunId, StepState } from "../../ledger/records.ts";
import { describeSplit } from "../../queue/split/describe-split.ts";
import { findLastSplit } from "../../queue/split/read-splits.ts";
import { readWaiting } from "../../queue/waiting/read-waiting.ts";
import { describeWaiting, type WaitingFor } from "../../queue/waiting/waiting-for.ts";
import type { StepFailure } from "../../step/step.ts";
import type { WhyAnswer } from "../watersmeet.ts";
import { listStatuses, type AssetPicture } from "./partition-statuses.ts";

/** Why a partition, or an asset as a whole, is where it is: what it waits for in an open run first, then how its last step ended, then how fresh it is. */
export async function explainWhy(
  db: LedgerDb,
  question: { readonly asset: AssetKey; readonly partition: PartitionKey | null; readonly environment: string },
  picture: AssetPicture,
): Promise<Omit<WhyAnswer, "automation">> {
  const { asset, partition } = question;
  const reasons = [
    ...(await explainFreeze(db, question)),
    ...(await explainOpenSteps(db, question)),
    ...(await explainSplit(db, question)),
    ...(await explainFailures(db, question)),
    ...explainFreshness(picture, partition),
    ...(hasNewOrders(picture) ? await explainOrders(db, question) : []),
  ];
  return { asset, partition, status: findStatus(asset, partition, picture), reasons };
}

async function explainFreeze(
  db: LedgerDb,
  question: { readonly asset: AssetKey; readonly environment: string },
): Promise<readonly string[]> {
  const [freeze] = await readFreezes(db, [question]);
  if (freeze === null || freeze === undefined) return [];
  const { by, at, reason } = freeze;
  return [`${question.asset} is frozen by ${by} since ${at.toISOString()}, and publishes nothing: ${reason}.`];
}

/** Of an asset as a whole: the status that most needs attention. */
function findStatus(asset: AssetKey, partition: PartitionKey | null, picture: AssetPicture): PartitionStatus {
  const statuses = listStatuses(asset, picture);
  const own = statuses.filter((each) => partition === null || each.partition === partition).map((each) => each.status);
  return byUrgency.find((status) => own.includes(status)) ?? "missing";
}

const byUrgency: readonly PartitionStatus[] = ["running", "failed", "missing", "stale", "materialized"];

interface OpenStep {
  readonly run_id: RunId;
  readonly ordinal: number;
  readonly partition: PartitionKey;
  readonly state: StepState;
  readonly attempt: number;
  readonly started_at: Date | null;
  readonly worker_host: string | null;
  readonly worker_pid: number | null;
}

const shownSteps = 5;

async function explainOpenSteps(
  db: LedgerDb,
  question: { readonly asset: AssetKey; readonly partition: PartitionKey | null; readonly environment: string },
): Promise<readonly string[]> {
  const { rows } = await sql<OpenStep>`
    select run.id as run_id, step.ordinal, step.partition, step.state, step.attempt, step.started_at,
      worker.host as worker_host, worker.pid as worker_pid
    from watersmeet.run
    join watersmeet.step on step.run_id = run.id and step.asset = ${question.asset} and step.state < 'succeeded'
    left join watersmeet.worker on worker.id = step.worker_id
    where run.state < 'succeeded' and run.environment = ${question.environment}
      and (${question.partition}::text is null or step.partition = ${question.partition})
    order by step.state desc, run.id, step.ordinal limit ${shownSteps}`.execute(db);
  const waiting = await readWaiting(
    db,
    rows.map((step) => ({ runId: step.run_id, ordinal: step.ordinal })),
  );
  return rows.map((step, index) => explainStep(step, question.asset, waiting[index] ?? null));
}

function explainStep(step: OpenStep, asset: AssetKey, waiting: WaitingFor | null): string {
  const name = step.partition === "" ? asset : `${asset} @ ${step.partition}`;
  if (waiting !== null) {
    const state = step.state === "ready" ? "is ready" : "is planned";
    return `${name} ${state} in run ${step.run_id} and ${describeWaiting(waiting)}.`;
  }
  return `${name} runs in run ${step.run_id}: attempt ${step.attempt} in process ${step.worker_pid ?? "?"} on ${step.worker_host ?? "a lost worker"}, since ${step.started_at?.toISOString() ?? "just now"}.`;
}

async function explainSplit(
  db: LedgerDb,
  question: { readonly asset: AssetKey; readonly partition: PartitionKey | null; readonly environment: string },
): Promise<readonly string[]> {
  const split = await findLastSplit(db, question);
  return split === undefined ? [] : [`${describeSplit(split)}.`];
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

async function explainFailures(
  db: LedgerDb,
  question: { readonly asset: AssetKey; readonly partition: PartitionKey | null; readonly environment: string },
): Promise<readonly string[]> {
  const { rows } = await sql<{
    partition: PartitionKey;
    run_id: RunId;
    failed_at: Date;
    failure: StepFailure | null;
    state: StepState | null;
  }>`
    select failed.partition, failed.run_id, failed.failed_at, step.failure, step.state
    from watersmeet.failed_partition as failed
    left join watersmeet.step on step.run_id = failed.run_id and step.ordinal = failed.ordinal
    where failed.environment = ${question.environment} and failed.asset = ${question.asset}
      and (${question.partition}::text is null or failed.partition = ${question.partition})
    order by failed.failed_at desc limit ${shownSteps}`.execute(db);
  return rows.map((row) => {
    const name = row.partition === "" ? question.asset : `${question.asset} @ ${row.partition}`;
    const how = row.state === "blocked" ? "was blocked by a gate" : "failed";
    const hint = row.failure?.hint ?? null;
    return `${name} ${how} in run ${row.run_id} at ${row.failed_at.toISOString()}: ${row.failure?.message ?? "no failure was kept"}${hint === null ? "" : ` (${hint})`}`;
  });
}

function explainFreshness({ assessment }: AssetPicture, partition: PartitionKey | null): readonly string[] {
  const { space, groups } = assessment;
  const ordinal = partition === null ? undefined : space.ordinalOf(partition);
  if (partition !== null && ordinal === undefined) return [`The asset has no partition "${partition}".`];
  return groups
    .filter((group) => ordinal === undefined || hasOrdinal(group.partitions, ordinal))
    .map(({ freshness, partitions }) => {
      const count = partitions.reduce((sum, [from, to]) => sum + to - from, 0);
      const subject = partition !== null || space.size === 1 ? "It" : countOf(count, "partition");
      switch (freshness.kind) {
        case "missing":
          return `${subject}: no version yet.`;
        case "pinned":
          return `${subject}: pinned; readers were taken back to this version, and it stays until it is run with force.`;
        case "upToDate":
          return `${subject}: up to date; another run would make the same version.`;
        case "stale":
          return `${subject}: stale, because ${describeRunReason(freshness.reason)}.`;
      }
    });
}

function hasNewOrders({ assessment }: AssetPicture): boolean {
  return assessment.groups.some(
    ({ freshness }) => freshness.kind === "stale" && freshness.reason.kind === "ordersChanged",
  );
}

const orderVerbs = { revoke: "revoked", admit: "admitted", reject: "rejected" } as const;

/** Who decided what about a merge's batches since the version that readers see. */
async function explainOrders(
  db: LedgerDb,
  question: { readonly asset: AssetKey; readonly partition: PartitionKey | null; readonly environment: string },
): Promise<readonly string[]> {
  const given = await listOrdersSinceHead(db, { ...question, limit: shownSteps });
  return given.map(({ count, kind, by, at, reason }) => {
    const batches = count === 1 ? "1 batch was" : `${count} batches were`;
    return `${batches} ${orderVerbs[kind]} by ${by} at ${at.toISOString()}: ${reason}`;
  });
}
