import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { ResourceAttempt } from "../breaker/outlooks.ts";
import { judgeAttempt } from "../breaker/rules/judge-attempt.ts";

/**
 * What limits learn from attempts that used resources: "not before" of a resource holds for the steps of all workers from now on, and controllers hear what
 * steps took. Only adds rows, so that it waits for nobody.
 */
export async function observeLimits(
  tx: Transaction<LedgerDatabase>,
  attempts: readonly ResourceAttempt[],
): Promise<void> {
  const seen = attempts.flatMap(({ ended, resources }) =>
    resources.flatMap(({ name }) => {
      const observation = judgeAttempt(ended.outcome, name);
      return observation === null ? [] : [{ name, ended, observation }];
    }),
  );
  await Promise.all([insertHolds(tx, seen), insertSamples(tx, seen)]);
}

interface Seen {
  readonly name: string;
  readonly ended: ResourceAttempt["ended"];
  readonly observation: NonNullable<ReturnType<typeof judgeAttempt>>;
}

async function insertHolds(tx: Transaction<LedgerDatabase>, seen: readonly Seen[]): Promise<void> {
  const holds = new Map<string, { readonly ms: number; readonly reason: string }>();
  for (const { name, ended, observation } of seen) {
    if (observation.kind !== "bad" || observation.throttledMs === null) continue;
    const reason = ended.outcome.kind === "failed" ? ended.outcome.failure.message : "";
    if (observation.throttledMs > (holds.get(name)?.ms ?? 0)) holds.set(name, { ms: observation.throttledMs, reason });
  }
  if (holds.size === 0) return;
  const rows = [...holds.values()];
  await sql`
    insert into watersmeet.resource_hold (resource, until, reason)
    select name, clock_timestamp() + ms * interval '1 millisecond', reason
    from unnest(${[...holds.keys()]}::text[], ${rows.map((row) => row.ms)}::float8[], ${rows.map((row) => row.reason)}::text[])
      as hold (name, ms, reason)`.execute(tx);
}

/** Of resources whose limit adapts; nothing is written for the others. */
async function insertSamples(tx: Transaction<LedgerDatabase>, seen: readonly Seen[]): Promise<void> {
  if (seen.length === 0) return;
  await sql`
    insert into watersmeet.resource_sample (resource, asset, duration_ms, row_count, outcome, ended_at)
    select seen.resource, asset, duration_ms, row_count, outcome, ended_at
    from unnest(
      ${seen.map(({ name }) => name)}::text[],
      ${seen.map(({ ended }) => ended.step.asset)}::text[],
      ${seen.map(({ ended }) => ended.finishedAt.getTime() - ended.startedAt.getTime())}::float8[],
      ${seen.map(({ ended }) => (ended.outcome.kind === "committed" ? ended.outcome.commit.rowCount : 0))}::bigint[],
      ${seen.map(outcomeOf)}::text[],
      ${seen.map(({ ended }) => ended.finishedAt)}::timestamptz[])
      as seen (resource, asset, duration_ms, row_count, outcome, ended_at)
    join watersmeet.resource on resource.name = seen.resource and resource.is_auto`.execute(tx);
}

function outcomeOf({ observation }: Seen): "ok" | "failed" | "throttled" {
  if (observation.kind === "ok") return "ok";
  return observation.throttledMs === null ? "failed" : "throttled";
}
