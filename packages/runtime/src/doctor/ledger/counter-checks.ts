import { sql } from "kysely";
import type { LedgerCheck } from "./ledger-check.ts";

/**
 * I6: runs end when their steps have, and count them. A step that ended without ever having a row of its own is in the counters alone, so those of what ends
 * unattempted may be greater than the rows.
 */
export const counterChecks: readonly LedgerCheck[] = [
  {
    code: "RUN_NOT_ENDED",
    query: sql`
      select id as run, environment, format('run %s is %s although all of its %s steps have ended', id, state, step_count) as message
      from watersmeet.run where state < 'succeeded' and open_count = 0`,
  },
  {
    code: "RUN_ENDED_OPEN",
    query: sql`
      select run.id as run, run.environment, format('run %s has ended as %s with %s steps open', run.id, run.state,
        greatest(run.open_count, open.count)) as message
      from watersmeet.run
      cross join lateral (select count(*)::integer as count from watersmeet.step
        where step.run_id = run.id and step.state < 'succeeded') as open
      where run.state >= 'succeeded' and (run.open_count > 0 or open.count > 0)`,
  },
  {
    code: "COUNTER_WRONG",
    query: sql`
      select run.id as run, run.environment, format('run %s counts %s open steps, and its assets %s', run.id, run.open_count, assets.open) as message
      from watersmeet.run
      cross join lateral (select coalesce(sum(open_count), 0)::integer as open from watersmeet.run_asset where run_id = run.id) as assets
      where run.open_count <> assets.open`,
  },
  {
    code: "COUNTER_WRONG",
    query: sql`
      select run_id as run, asset, format('%s counts %s of %s steps', asset, counted, step_count) as message
      from (select *, open_count + succeeded + unchanged + failed + blocked + upstream_failed + cancelled as counted
        from watersmeet.run_asset) as each
      where counted <> step_count`,
  },
  {
    code: "COUNTER_WRONG",
    query: sql`
      select each.run_id as run, each.asset, format('%s counts %s succeeded, %s unchanged, %s failed, %s blocked; its steps are %s, %s, %s, %s', each.asset,
        each.succeeded, each.unchanged, each.failed, each.blocked, steps.succeeded, steps.unchanged, steps.failed, steps.blocked) as message
      from watersmeet.run_asset as each
      cross join lateral (
        select count(*) filter (where state = 'succeeded') as succeeded, count(*) filter (where state = 'unchanged') as unchanged,
          count(*) filter (where state = 'failed') as failed, count(*) filter (where state = 'blocked') as blocked
        from watersmeet.step
        where step.run_id = each.run_id and step.ordinal >= each.first_ordinal and step.ordinal < each.first_ordinal + each.step_count) as steps
      where (each.succeeded, each.unchanged, each.failed, each.blocked)
        is distinct from (steps.succeeded::integer, steps.unchanged::integer, steps.failed::integer, steps.blocked::integer)`,
  },
];
