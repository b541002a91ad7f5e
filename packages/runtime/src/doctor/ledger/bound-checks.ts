import { sql } from "kysely";
import { doorbellSchema } from "../../queue/doorbell/doorbell.ts";
import { limitNow } from "../../queue/limits/limit-now.ts";
import { crashesUntilPoison } from "../../queue/step-machine.ts";
import type { LedgerCheck } from "./ledger-check.ts";

/** Bells beyond this wake nobody; they pile up when nobody answers. */
const maxBells = 10_000;

/** I8: attempts, crashes, leases, steps at a time and bells. */
export const boundChecks: readonly LedgerCheck[] = [
  {
    code: "ATTEMPTS_EXCEEDED",
    query: sql`
      select step.run_id as run, step.ordinal, step.asset, step.partition,
        format('step %s has failed %s times of %s and taken %s workers with it', step.ordinal, step.failures, run_asset.max_attempts, step.crashes) as message
      from watersmeet.step
      join watersmeet.run_asset on run_asset.run_id = step.run_id and run_asset.asset = step.asset
      where step.failures > run_asset.max_attempts or step.crashes > ${crashesUntilPoison}`,
  },
  {
    // A step that is heavier than the limit runs alone. What was lowered for a while holds for leases that are taken from then on.
    code: "LIMIT_EXCEEDED",
    query: sql`
      select format('%s steps hold %s of "%s", which has %s', held.count, held.weight, resource.name, allowed.limit) as message
      from watersmeet.resource
      cross join lateral (select greatest(concurrency, ${limitNow}) as limit) as allowed
      cross join lateral (select sum(weight) as weight, count(*) as count from watersmeet.resource_lease
        where resource_lease.resource = resource.name) as held
      where held.weight > allowed.limit and held.count > 1`,
  },
  {
    code: "RUN_LIMIT_EXCEEDED",
    query: sql`
      select run.id as run, run.environment, format('%s steps of run %s are running; it may have %s', count(*), run.id, run.max_parallel) as message
      from watersmeet.run join watersmeet.step on step.run_id = run.id and step.state = 'running'
      where run.max_parallel is not null
      group by run.id, run.environment, run.max_parallel having count(*) > run.max_parallel`,
  },
  {
    code: "BELLS_PILED",
    query: sql`
      select format('%s bells wait for a worker', count(*)) as message
      from ${sql.ref(`${doorbellSchema}._private_jobs`)} having count(*) > ${maxBells}`,
  },
];
