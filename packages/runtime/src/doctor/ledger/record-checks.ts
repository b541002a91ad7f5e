import { sql } from "kysely";
import type { LedgerCheck } from "./ledger-check.ts";

/** I1, I2, I3, I5, I10, I11: what records, heads and attempts say of each other. Stores are not asked. */
export const recordChecks: readonly LedgerCheck[] = [
  {
    code: "VERSION_RECORDED_TWICE",
    query: sql`
      select store, asset, partition, format('version %s of %s is recorded %s times', version, asset, count(*)) as message
      from watersmeet.materialization group by store, store_id, asset, partition, version having count(*) > 1`,
  },
  {
    code: "STEP_COMMITTED_TWICE",
    query: sql`
      select run_id as run, ordinal, format('step %s has ended well in %s attempts', ordinal, count(*)) as message
      from watersmeet.attempt where outcome = 'committed' group by run_id, ordinal having count(*) > 1`,
  },
  {
    code: "SUCCESS_WITHOUT_VERSION",
    query: sql`
      select run_id as run, ordinal, asset, partition, format('step %s has ended as %s without a recorded version', ordinal, state) as message
      from watersmeet.step
      where state in ('succeeded', 'unchanged')
        and not exists (select from watersmeet.materialization where materialization.id = step.materialization_id)`,
  },
  {
    // A head is moved when its commit was made, or later; a record that was made after that move must have moved it again.
    code: "HEAD_BEHIND",
    query: sql`
      select head.environment, head.asset, head.partition, made.store,
        format('readers of %s see version %s; version %s was committed after that', head.asset, seen.version, made.version) as message
      from watersmeet.head
      join watersmeet.materialization as seen on seen.id = head.materialization_id
      join watersmeet.store on store.name = seen.store and store.store_id = seen.store_id
      join watersmeet.materialization as made on made.asset = head.asset and made.partition = head.partition
        and made.environment = head.environment and made.store_id = seen.store_id
      where made.committed_at > head.moved_at and made.version > seen.version`,
  },
  {
    code: "INPUT_UNKNOWN",
    query: sql`
      select made.run_id as run, made.ordinal, made.asset, made.partition, made.store,
        format('version %s of %s was made from record %s, which %s', made.version, made.asset, input.id,
          case when read.id is null then 'does not exist' else 'is younger than it' end) as message
      from watersmeet.materialization as made
      cross join lateral unnest(made.input_ids) as input (id)
      left join watersmeet.materialization as read on read.id = input.id
      where read.id is null or read.id >= made.id`,
  },
  {
    code: "HEAD_OF_OTHER",
    query: sql`
      select head.environment, head.asset, head.partition, format('the head of %s names %s', head.asset,
        case when made.id is null then 'no record' else format('a record of %s %s', made.asset, made.partition) end) as message
      from watersmeet.head left join watersmeet.materialization as made on made.id = head.materialization_id
      where made.id is null or (made.asset, made.partition) <> (head.asset, head.partition)`,
  },
  {
    code: "ATTEMPT_UNKNOWN",
    query: sql`
      select step.run_id as run, step.ordinal, step.asset, step.partition,
        format('attempt %s of step %s has written, and only %s were ever given out', late.attempt, step.ordinal, step.attempt) as message
      from watersmeet.step
      join (
        select run_id, ordinal, attempt from watersmeet.attempt
        union select run_id, ordinal, attempt from watersmeet.materialization where run_id is not null) as late
        on late.run_id = step.run_id and late.ordinal = step.ordinal and late.attempt > step.attempt`,
  },
];
