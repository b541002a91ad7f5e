import { sql, type RawBuilder } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lookAtLedger, type LedgerLook } from "../../src/doctor/find-in-ledger.ts";
import type { Violation, ViolationCode } from "../../src/doctor/violations.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { beatTtlMs, livenessLockClass } from "../../src/worker/liveness-lock.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { failed } from "../worker/test-executor.ts";
import { startTestWorker, submit, waitForEnd } from "../worker/test-runs.ts";

/*
 * A ledger with runs that ended well, badly, and one that is open. Each test changes something in it that nothing of ours would ever do, looks, and takes the
 * change back.
 */
let ledger: TestLedger;
let ended: RunId;
let open: RunId;

const look: LedgerLook = { shapeOf: createShapeCache(), held: { livenessLockClass, beatTtlMs } };

beforeAll(async () => {
  ledger = await createTestLedger();
  await ledger.db.insertInto("resource").values({ name: "api", concurrency: 2 }).execute();
  await ledger.db.insertInto("store").values({ name: "default", store_id: "s", address: "here" }).execute();
  await using worker = await startTestWorker(ledger.connections, (step) =>
    step.asset === "bad" ? failed() : undefined,
  );
  expect(worker.workerId()).not.toBe("");
  ended = await submit(ledger.db, [
    { key: "first", partitions: 3 },
    { key: "second", inputs: ["first"], partitions: 3 },
    { key: "whole", inputs: [{ from: "second", mapping: { kind: "all" } }] },
    { key: "bad" },
    { key: "below", inputs: ["bad"] },
  ]);
  expect(await waitForEnd(ledger.db, ended)).toBe("failed");
  await worker[Symbol.asyncDispose]();
  open = await submit(ledger.db, [{ key: "next" }, { key: "after", inputs: ["next"] }]);
});
afterAll(() => ledger[Symbol.asyncDispose]());

class TakeBack extends Error {}

/** What is found after statements that are taken back. */
async function findAfter(...statements: readonly RawBuilder<unknown>[]): Promise<readonly Violation[]> {
  let found: readonly Violation[] = [];
  const changing = ledger.db.transaction().execute(async (tx) => {
    for (const statement of statements) await statement.execute(tx);
    found = await lookAtLedger(tx, look);
    throw new TakeBack();
  });
  await expect(changing).rejects.toThrow(TakeBack);
  return found;
}

const offSteps = sql`alter table watersmeet.step disable trigger step_ends_once`;
const offRuns = sql`alter table watersmeet.run disable trigger run_ends_once`;
const newWorker = (beat: string, id = "900") => sql`
  insert into watersmeet.worker (id, host, pid, slots, beat_at) overriding system value
  values (${id}, 'h', 1, 1, ${sql.raw(beat)})`;

test("a ledger that nobody has tampered with holds", async () => {
  expect(await findAfter()).toEqual([]);
});

interface Plant {
  readonly code: ViolationCode;
  readonly what: string;
  readonly statements: () => readonly RawBuilder<unknown>[];
  readonly place: () => object;
}

const plants: readonly Plant[] = [
  {
    code: "STEP_WITHOUT_WORKER",
    what: "a step that runs in a worker that nobody knows",
    statements: () => [run("next", 999)],
    place: () => ({ run: open, asset: "next", worker: "999" }),
  },
  {
    code: "WORKER_DEAD",
    what: "a worker that has not beaten and holds no lock",
    statements: () => [newWorker("now() - interval '5 seconds'")],
    place: () => ({ worker: "900" }),
  },
  {
    code: "LEASE_WITHOUT_STEP",
    what: "a lease of a step that does not run",
    statements: () => [
      newWorker("now()"),
      sql`insert into watersmeet.resource_lease (resource, run_id, ordinal, worker_id) values ('api', ${open}, 0, 900)`,
    ],
    place: () => ({ run: open, ordinal: 0 }),
  },
  {
    code: "RUN_NOT_ENDED",
    what: "a run whose steps have all ended",
    statements: () => [offRuns, sql`update watersmeet.run set state = 'running' where id = ${ended}`],
    place: () => ({ run: ended }),
  },
  {
    code: "RUN_ENDED_OPEN",
    what: "a run that ended too early",
    statements: () => [sql`update watersmeet.run set state = 'succeeded' where id = ${open}`],
    place: () => ({ run: open }),
  },
  {
    code: "COUNTER_WRONG",
    what: "a run that counts other open steps than its assets",
    statements: () => [sql`update watersmeet.run set open_count = 1 where id = ${open}`],
    place: () => ({ run: open }),
  },
  {
    code: "COUNTER_WRONG",
    what: "an asset that counts successes that no step had",
    statements: () => [
      sql`update watersmeet.run_asset set succeeded = succeeded - 1, failed = failed + 1 where run_id = ${ended} and asset = 'first'`,
    ],
    place: () => ({ run: ended, asset: "first" }),
  },
  {
    code: "VERSION_RECORDED_TWICE",
    what: "two records of one version",
    statements: () => [copyVersion("first", "'other'", "version")],
    place: () => ({ asset: "first" }),
  },
  {
    code: "STEP_COMMITTED_TWICE",
    what: "a step that ended well twice",
    statements: () => [
      sql`insert into watersmeet.attempt (run_id, ordinal, attempt, outcome, worker_id, started_at, finished_at)
        select ${ended}, 0, each, 'committed', 1, now(), now() from generate_series(101, 102) as each`,
    ],
    place: () => ({ run: ended, ordinal: 0 }),
  },
  {
    code: "SUCCESS_WITHOUT_VERSION",
    what: "a success that left no version",
    statements: () => [
      sql`update watersmeet.step set materialization_id = null where run_id = ${ended} and asset = 'whole'`,
    ],
    place: () => ({ run: ended, asset: "whole" }),
  },
  {
    code: "HEAD_BEHIND",
    what: "a head that stayed behind",
    statements: () => [copyVersion("whole", "'newer'", "version + 1", "committed_at + interval '1 hour'")],
    place: () => ({ asset: "whole", environment: "prod" }),
  },
  {
    code: "STEP_EARLY",
    what: "a step that began before its input was there",
    statements: () => [newWorker("now()"), run("after", 900)],
    place: () => ({ run: open, asset: "after" }),
  },
  {
    code: "INPUT_DIFFERS",
    what: "a version that was made from something else than its run made",
    statements: () => [
      sql`update watersmeet.materialization as made set input_ids = array(select first.id from watersmeet.materialization as first where first.asset = 'first' order by id)
        where run_id = ${ended} and asset = 'whole'`,
    ],
    place: () => ({ run: ended, asset: "whole" }),
  },
  {
    code: "INPUT_UNKNOWN",
    what: "a record that was made from one that is not there",
    statements: () => [
      sql`update watersmeet.materialization set input_ids = array[99999], input_positions = array['0'] where run_id = ${ended} and asset = 'whole'`,
    ],
    place: () => ({ run: ended, asset: "whole" }),
  },
  {
    code: "STEP_FORGOTTEN",
    what: "a step that waits for nothing",
    statements: () => [sql`update watersmeet.step set state = 'waiting' where run_id = ${open} and asset = 'next'`],
    place: () => ({ run: open, asset: "next" }),
  },
  {
    code: "STEP_FORGOTTEN",
    what: "a step that waits for what has failed",
    statements: () => [
      offSteps,
      sql`update watersmeet.step set state = 'waiting' where run_id = ${ended} and asset = 'below'`,
    ],
    place: () => ({ run: ended, asset: "below" }),
  },
  {
    code: "STEP_LOST_WITHOUT_CAUSE",
    what: "a step that was given up for nothing",
    statements: () => [
      offSteps,
      sql`update watersmeet.step set state = 'upstreamFailed' where run_id = ${ended} and asset = 'whole'`,
    ],
    place: () => ({ run: ended, asset: "whole" }),
  },
  {
    code: "ATTEMPTS_EXCEEDED",
    what: "a step that failed more often than it may",
    statements: () => [sql`update watersmeet.step set failures = 9 where run_id = ${ended} and asset = 'bad'`],
    place: () => ({ run: ended, asset: "bad" }),
  },
  {
    code: "LIMIT_EXCEEDED",
    what: "more leases than the resource has",
    statements: () => [
      newWorker("now()"),
      run("next", 900),
      sql`insert into watersmeet.resource_lease (resource, run_id, ordinal, worker_id, weight) values ('api', ${open}, 0, 900, 2), ('api', ${open}, 1, 900, 1)`,
    ],
    place: () => ({}),
  },
  {
    code: "RUN_LIMIT_EXCEEDED",
    what: "more steps at a time than the run may have",
    statements: () => [
      newWorker("now()"),
      sql`update watersmeet.step set state = 'running', worker_id = 900, attempt = 1 where run_id = ${open}`,
      sql`update watersmeet.run set max_parallel = 1 where id = ${open}`,
    ],
    place: () => ({ run: open }),
  },
  {
    code: "BELLS_PILED",
    what: "thousands of bells that nobody answers",
    statements: () => [
      sql`select watersmeet_worker.add_jobs(array(
        select json_populate_record(null::watersmeet_worker.job_spec, '{"identifier":"chunk","payload":{},"max_attempts":3}'::json)
        from generate_series(1, 10001)))`,
    ],
    place: () => ({}),
  },
  {
    code: "FAILURE_UNEXPLAINED",
    what: "a failure without a reason",
    statements: () => [sql`update watersmeet.step set failure = '{}' where run_id = ${ended} and asset = 'bad'`],
    place: () => ({ run: ended, asset: "bad" }),
  },
  {
    code: "HEAD_OF_OTHER",
    what: "a head that names the record of another asset",
    statements: () => [
      sql`update watersmeet.head set materialization_id = (select max(id) from watersmeet.materialization where asset = 'first') where asset = 'whole'`,
    ],
    place: () => ({ asset: "whole" }),
  },
  {
    code: "ATTEMPT_UNKNOWN",
    what: "an attempt that was never given out",
    statements: () => [
      sql`insert into watersmeet.attempt (run_id, ordinal, attempt, outcome, worker_id, started_at, finished_at)
        values (${ended}, 0, 77, 'failed', 1, now(), now())`,
    ],
    place: () => ({ run: ended, ordinal: 0 }),
  },
  {
    code: "GUARD_OFF",
    what: "a trigger that was switched off",
    statements: () => [sql`alter table watersmeet.event disable trigger event_append_only`],
    place: () => ({}),
  },
  {
    code: "SECRET_TOLD",
    what: "a password in a failure",
    statements: () => [
      sql`update watersmeet.step set failure = jsonb_set(failure, '{message}', '"connect postgres://ana:hush@db:5432/x refused"')
        where run_id = ${ended} and asset = 'bad'`,
    ],
    place: () => ({ run: ended, asset: "bad" }),
  },
];

test.each(plants)("$code: $what is found", async ({ code, statements, place }) => {
  const found = (await findAfter(...statements())).filter((each) => each.code === code);
  expect(found).toContainEqual(
    expect.objectContaining({ code, place: expect.objectContaining(place()), message: expect.stringMatching(/\w/) }),
  );
});

test("a masked password is none", async () => {
  const found = await findAfter(
    sql`update watersmeet.step set failure = jsonb_set(failure, '{message}', '"postgres://ana:***@db:5432/x refused"')
      where run_id = ${ended} and asset = 'bad'`,
  );
  expect(found).toEqual([]);
});

function run(asset: string, worker: number): RawBuilder<unknown> {
  return sql`update watersmeet.step set state = 'running', worker_id = ${worker}, attempt = 1 where run_id = ${open} and asset = ${asset}`;
}

function copyVersion(
  asset: string,
  commitId: string,
  version: string,
  committedAt = "committed_at",
): RawBuilder<unknown> {
  return sql`
    insert into watersmeet.materialization (store, store_id, asset, partition, version, commit_id, code_version, schema_version, data_digest,
      row_count, size_bytes, quarantined_count, environment, run_id, ordinal, attempt, requested_by, trace_id, started_at, committed_at,
      input_positions, input_ids, input_fingerprints)
    select store, store_id, asset, partition, ${sql.raw(version)}, ${sql.raw(commitId)}, code_version, schema_version, data_digest,
      row_count, size_bytes, quarantined_count, environment, run_id, ordinal, attempt, requested_by, trace_id, started_at, ${sql.raw(committedAt)},
      input_positions, input_ids, input_fingerprints
    from watersmeet.materialization where asset = ${asset} order by id limit 1`;
}
