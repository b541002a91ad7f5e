import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { copyExample, type ExampleCopy } from "../../../tools/testing/example-copy.ts";
import { createTestDatabase } from "../../../tools/testing/test-database.ts";

describe.concurrent("examples/flights, in parts", () => {
  test("lineage agrees with the types of the parameters", async () => {
    await using flights = await copyExample("flights");
    expect(await flights.watersmeetJson("lineage", "airportScorecard", "--up", "1")).toMatchObject({
      root: "airportScorecard",
      edges: [
        { from: "airports", to: "airportScorecard", mapping: { kind: "same" } },
        { from: "dailyDelays", to: "airportScorecard", mapping: { kind: "all" } },
        { from: "weeklyReliability", to: "airportScorecard", mapping: { kind: "all" } },
        { from: "birdStrikes", to: "airportScorecard", mapping: { kind: "all" } },
      ],
    });
  });

  test("a backfill runs its days in parallel, within bounds, and records which versions each day read", async () => {
    await using flights = await copyExample("flights");
    const range = ["--partitions", "2001-02-01..2001-02-28"];
    await expectSuccess(flights, "run", "+airports");
    await expectSuccess(flights, "backfill", "flights", ...range);
    await expectSuccess(flights, "backfill", "dailyDelays", ...range, "--max-parallel", "2");
    const records = await flights.query<{ partition: string; inputs: string }>(
      `select m.partition, string_agg(i.asset || '@' || i.partition || ' version ' || i.version, ', ' order by i.asset collate "C") as inputs
       from watersmeet.materialization m join watersmeet.materialization i on i.id = any(m.input_ids)
       where m.asset = 'dailyDelays' group by m.partition order by 1`,
    );
    expect(records).toHaveLength(28);
    expect(records[2]).toMatchObject({
      partition: "2001-02-03",
      inputs: expect.stringMatching(/^airports@ version 1, flights@2001-02-03 version \d+$/),
    });
    const [most] = await flights.query<{ most: string }>(
      `select max(n) as most from (select a.started_at, (select count(*) from watersmeet.attempt b where b.run_id = a.run_id
         and b.started_at <= a.started_at and b.finished_at > a.started_at) as n
       from watersmeet.attempt a where a.run_id = (select max(id) from watersmeet.run)) x`,
    );
    expect(Number(most?.most)).toBeLessThanOrEqual(2);
  });

  test("DuckDB and Postgres hold the same tables, digest for digest", async () => {
    await using warehouse = await createTestDatabase();
    await using duckdb = await copyExample("flights");
    await using postgres = await copyExample("flights", { WAREHOUSE_URL: warehouse.url });
    const digests = [];
    for (const flights of [duckdb, postgres]) {
      await expectSuccess(flights, "run", "airports+ +airports", "--partitions", "all");
      await expectSuccess(
        flights,
        "run",
        "flights dailyDelays weeklyReliability",
        "--partitions",
        "2001-01-01..2001-01-05",
      );
      digests.push(
        await flights.query(
          `select asset, partition, row_count, data_digest from watersmeet.materialization order by asset collate "C", partition collate "C"`,
        ),
      );
    }
    expect(digests[0]).toHaveLength(19);
    expect(digests[1]).toEqual(digests[0]);
  });

  test("a run whose process is killed resumes, and publishes every version once", async () => {
    await using flights = await copyExample("flights");
    const args = ["run", "+dailyDelays", "--partitions", "2001-03-01..2001-03-20"];
    const running = flights.start(args);
    while (!/\b[5-9] of \d+ steps|\b1\d of \d+ steps/.test(running.output())) await sleep(20);
    running.kill("SIGKILL");
    await running.finished;
    await expectSuccess(flights, ...args);
    expect(
      await flights.query(`select commit_id from watersmeet.materialization group by commit_id having count(*) > 1`),
    ).toEqual([]);
    expect(
      await flights.query(
        `select m.asset, count(*) as n from watersmeet.head h join watersmeet.materialization m on m.id = h.materialization_id
         where m.asset in ('flights', 'dailyDelays') group by 1 order by 1`,
      ),
    ).toEqual([
      { asset: "dailyDelays", n: "20" },
      { asset: "flights", n: "20" },
    ]);
  });

  test("a row that breaks its schema blocks its partition, skips what reads it and nothing else", async () => {
    await using flights = await copyExample("flights");
    await flights.edit("assets/flights.ts", (text) =>
      text.replace("yield flight;", `yield ctx.partition === "2001-01-03" ? { ...flight, distance: -1 } : flight;`),
    );
    const result = await flights.watersmeet("run", "+weeklyReliability", "--partitions", "2001-01-01..2001-01-05");
    expect(result.exitCode).toBe(1);
    expect(result.stdout + result.stderr).toMatch(/GATE_FAILED[^]*distance/);
    const states = await flights.query(
      `select asset, partition, state::text from watersmeet.step where state not in ('succeeded') order by asset collate "C", partition`,
    );
    expect(states).toEqual([
      { asset: "dailyDelays", partition: "2001-01-03", state: "upstreamFailed" },
      { asset: "flights", partition: "2001-01-03", state: "blocked" },
      { asset: "weeklyReliability", partition: "2001-01-03", state: "upstreamFailed" },
      { asset: "weeklyReliability", partition: "2001-01-04", state: "upstreamFailed" },
      { asset: "weeklyReliability", partition: "2001-01-05", state: "upstreamFailed" },
    ]);
  });

  test.each([
    [
      "a cycle",
      "assets/flights.ts",
      "(ctx: Ctx)",
      `(ctx: Ctx, days: In<typeof import("./delays.ts").dailyDelays>)`,
      /ANALYZE_\w*CYCLE|GRAPH_CYCLE/,
    ],
    ["an unknown asset", "assets/delays.ts", "typeof feeds.flights>", "typeof feeds.flight>", /ANALYZE_UNKNOWN/],
    ["an unexported asset", "assets/flights.ts", "export const flights", "const flights", /ANALYZE_\w*NOT_EXPORTED/],
  ])("%s is an error with a frame, exit code 3, and nothing runs", async (_, file, from, to, code) => {
    await using flights = await copyExample("flights");
    await flights.edit(file, (text) => text.replace(from, to).replace("type Ctx }", "type Ctx, type In }"));
    const result = await flights.watersmeet("run", "*");
    expect(result.exitCode).toBe(3);
    expect(result.stdout + result.stderr).toMatch(code);
    expect(result.stdout + result.stderr).toMatch(/--> assets\/\w+\.ts:\d+:\d+/);
    expect(
      await flights
        .query(`select 1 from information_schema.tables where table_schema = 'watersmeet' and table_name = 'run'`)
        .then(async (tables) => (tables.length === 0 ? [] : flights.query(`select id from watersmeet.run`))),
    ).toEqual([]);
  });
});

async function expectSuccess(flights: ExampleCopy, ...args: readonly string[]): Promise<void> {
  const result = await flights.watersmeet(...args);
  expect(result, `${args.join(" ")}\n${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
}
