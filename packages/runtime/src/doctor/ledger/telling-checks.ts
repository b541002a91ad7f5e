import { sql } from "kysely";
import type { LedgerCheck } from "./ledger-check.ts";

/** Triggers without which a state could change twice, or an audit be rewritten. */
const guards = [
  "decision_append_only",
  "event_append_only",
  "merge_order_append_only",
  "run_ends_once",
  "step_ends_once",
];

/** `scheme://user:password@`, with anything but the mark that stands for a masked one. */
const secretPattern = String.raw`[a-z]+://[^:/@\s"]+:(?!\*|x+@|…)[^@/\s"]+@`;

/** I9: failures say why. I12: nothing is rewritten, and nothing tells a password. */
export const tellingChecks: readonly LedgerCheck[] = [
  {
    code: "FAILURE_UNEXPLAINED",
    query: sql`
      select run_id as run, ordinal, asset, partition, format('step %s has ended as %s without saying why', ordinal, state) as message
      from watersmeet.step
      where state in ('failed', 'blocked')
        and (coalesce(failure ->> 'code', '') = '' or coalesce(failure ->> 'message', '') = '')`,
  },
  {
    code: "GUARD_OFF",
    query: sql`
      select format('the trigger %s is %s', guard, case when tgname is null then 'missing' else 'off' end) as message
      from unnest(${guards}::text[]) as guard
      left join pg_trigger on tgname = guard and tgrelid in (
        select oid from pg_class where relnamespace = 'watersmeet'::regnamespace)
      where tgname is null or tgenabled = 'D'`,
  },
  {
    code: "SECRET_TOLD",
    query: sql`
      select run_id as run, ordinal, asset, partition, format('the failure of step %s contains a connection string with its password', ordinal) as message
      from watersmeet.step where failure is not null and failure::text ~ ${secretPattern}`,
  },
];
