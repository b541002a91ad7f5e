import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLedger } from "../../../src/ledger/open-ledger.ts";
import { ensureResources } from "../../../src/queue/resources.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { deedOf, outcomeOf, scenario, type Scenario } from "../random-graphs.ts";
import type { StepBehaviour } from "../test-executor.ts";
import { planOf, type AssetSketch } from "../test-plans.ts";
import { startTestWorker, submit, waitForEnd } from "../test-runs.ts";

/*
 * Two workers apply random graphs, several at a time, whose steps take random weights of random resources with random limits, and succeed or fail; of some
 * assets only little may wait for those that read it. The ledger itself looks at every claim, in the transaction that makes it: triggers write down what must not be.
 */
let ledger: TestLedger;
let behaveNow: StepBehaviour = () => undefined;
const open = new AsyncDisposableStack();
const names = ["r0", "r1", "r2"] as const;

beforeAll(async () => {
  ledger = open.use(await createTestLedger());
  await watchClaims();
  const other = open.use(await openLedger(ledger.url));
  for (const connections of [ledger.connections, other]) {
    open.use(await startTestWorker(connections, (step, signal, listener) => behaveNow(step, signal, listener)));
  }
});
afterAll(() => open.disposeAsync());

async function watchClaims(): Promise<void> {
  await sql`create table public.violation (text text not null)`.execute(ledger.db);
  await sql`
    create function public.look_at_claim() returns trigger language plpgsql as $$ begin
      insert into public.violation
        select format('%s of %s units of %s in use', sum(lease.weight), min(resource.concurrency), lease.resource)
        from watersmeet.resource_lease as lease join watersmeet.resource on resource.name = lease.resource
        group by lease.resource having sum(lease.weight) > min(resource.concurrency);
      insert into public.violation
        select format('step %s of run %s has %s of %s resources', claimed.ordinal, claimed.run_id, count(*), jsonb_array_length(min(run_asset.resources::text)::jsonb))
        from claimed
        join watersmeet.step on step.run_id = claimed.run_id and step.ordinal = claimed.ordinal
        join watersmeet.run_asset on run_asset.run_id = step.run_id and run_asset.asset = step.asset
        group by claimed.run_id, claimed.ordinal having count(*) <> jsonb_array_length(min(run_asset.resources::text)::jsonb);
      insert into public.violation
        select format('step %s of run %s holds a resource and is %s', lease.ordinal, lease.run_id, step.state)
        from watersmeet.resource_lease as lease
        join watersmeet.step on step.run_id = lease.run_id and step.ordinal = lease.ordinal
        where step.state <> 'running';
      return null;
    end $$`.execute(ledger.db);
  await sql`
    create trigger look_at_claim after insert on watersmeet.resource_lease
    referencing new table as claimed for each statement execute function public.look_at_claim()`.execute(ledger.db);
}

interface LimitedScenario {
  readonly runs: readonly Scenario[];
  readonly limits: readonly number[];
  readonly maxParallel: number | null;
  readonly windowSize: number | null;
}

const uses = fc
  .subarray([...names])
  .chain((chosen) =>
    fc.tuple(...chosen.map((name) => fc.record({ name: fc.constant(name), weight: fc.integer({ min: 1, max: 5 }) }))),
  );

/** Each step makes 10 bytes. */
const budget = fc.option(fc.integer({ min: 1, max: 45 }), { freq: 3 });

const limited: fc.Arbitrary<LimitedScenario> = fc.record({
  limits: fc.tuple(...names.map(() => fc.integer({ min: 1, max: 6 }))),
  maxParallel: fc.option(fc.integer({ min: 1, max: 4 })),
  windowSize: fc.option(fc.integer({ min: 1, max: 12 })),
  runs: fc.array(
    fc.tuple(scenario, fc.array(fc.tuple(uses, budget), { minLength: 7, maxLength: 7 })).map(([given, each]) => ({
      ...given,
      sketches: given.sketches.map((sketch, index): AssetSketch => {
        const [resource, stagedBytes] = each[index] ?? [[], null];
        return { ...sketch, resource, ...(stagedBytes === null ? {} : { stagedBytes }) };
      }),
    })),
    { minLength: 1, maxLength: 3 },
  ),
});

test("whatever the graphs, limits, weights, budgets and failures: every run ends, no limit is exceeded at any claim, and nobody holds one while it waits", async () => {
  await fc.assert(
    fc.asyncProperty(limited, async ({ runs, limits, maxParallel, windowSize }) => {
      await ensureResources(
        ledger.db,
        Object.fromEntries(names.map((name, index) => [name, { concurrency: limits[index] ?? 1, breaker: null }])),
      );
      const seeds = new Map<string, number>();
      const tries = new Map<string, number>();
      behaveNow = async (step) => {
        const key = `${step.runId}/${step.ordinal}`;
        tries.set(key, (tries.get(key) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, step.ordinal % 3));
        return outcomeOf(deedOf(seeds.get(step.runId) ?? 0, step.ordinal), tries.get(key) ?? 1);
      };
      const ids = [];
      for (const [index, { sketches, seed }] of runs.entries()) {
        const kind = index % 2 === 0 ? "run" : "backfill";
        const windows = windowSize === null ? {} : { windowSize };
        const id = await submit(ledger.db, sketches, { plan: planOf(sketches), kind, maxParallel, ...windows });
        seeds.set(id, seed);
        ids.push(id);
      }
      for (const id of ids) expect(["succeeded", "failed"]).toContain(await waitForEnd(ledger.db, id));
      const { rows } = await sql<{ text: string }>`select text from public.violation`.execute(ledger.db);
      expect(rows).toEqual([]);
      const { rows: left } = await sql<{ leases: number; staged: number; deadlocks: string }>`
        select (select count(*)::integer from watersmeet.resource_lease) as leases,
          (select count(*)::integer from watersmeet.staged_output) as staged,
          (select deadlocks from pg_stat_database where datname = current_database()) as deadlocks`.execute(ledger.db);
      expect(left).toEqual([{ leases: 0, staged: 0, deadlocks: "0" }]);
    }),
    { numRuns: 10 },
  );
});
