import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyExample, type CommandResult, type ExampleCopy } from "../../../tools/testing/example-copy.ts";

// One copy; the tests tell its story in their order. The whole graph takes a while.
let flights: ExampleCopy;
let first: CommandResult;

beforeAll(async () => {
  flights = await copyExample("flights");
  first = await flights.watersmeet("run", "*");
}, 900_000);

afterAll(() => flights[Symbol.asyncDispose]());

interface Head {
  readonly asset: string;
  readonly partitions: string;
  readonly row_count: string;
  readonly quarantined: string;
}

const heads = `select m.asset, count(*) as partitions, sum(m.row_count) as row_count, sum(m.quarantined_count) as quarantined
  from watersmeet.head h join watersmeet.materialization m on m.id = h.materialization_id group by m.asset order by m.asset collate "C"`;

describe("the first run", { timeout: 600_000 }, () => {
  test("builds everything and ends with a table of what it built", () => {
    expect(first, first.stderr).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toMatch(/^dailyDelays +182 +39,952 /m);
    expect(first.stdout).toMatch(/^Succeeded: 707 steps, /m);
  });

  test("takes what stands twice in the data once, and sets airports without a code aside", async () => {
    expect(await flights.query<Head>(heads)).toEqual([
      { asset: "airportScorecard", partitions: "1", row_count: "229", quarantined: "0" },
      { asset: "airports", partitions: "1", row_count: "8338", quarantined: "2319" },
      { asset: "birdStrikes", partitions: "156", row_count: "10000", quarantined: "0" },
      { asset: "dailyDelays", partitions: "182", row_count: "39952", quarantined: "0" },
      { asset: "faa", partitions: "1", row_count: "3376", quarantined: "0" },
      { asset: "flights", partitions: "182", row_count: "2999809", quarantined: "0" },
      { asset: "openFlights", partitions: "1", row_count: "7698", quarantined: "0" },
      { asset: "ourAirports", partitions: "1", row_count: "5210", quarantined: "0" },
      { asset: "weeklyReliability", partitions: "182", row_count: "40395", quarantined: "0" },
    ]);
    const [duplicates] = await flights.query<{ removed: string }>(
      `select sum((facts #>> '{report,duplicatesRemoved}')::int) as removed from watersmeet.materialization where asset = 'flights'`,
    );
    expect(duplicates?.removed).toBe("191");
  });

  test("records what each branch of the merge delivered", async () => {
    expect(
      await flights.query(`select branch, row_count, outcome from watersmeet.batch order by branch collate "C"`),
    ).toEqual([
      { branch: "faa", row_count: "3376", outcome: "admitted" },
      { branch: "openFlights", row_count: "7698", outcome: "admitted" },
      { branch: "ourAirports", row_count: "5210", outcome: "admitted" },
    ]);
  });

  test("decides column by column where the registries disagree", async () => {
    // FAA: "Chicago O'Hare International", the most trusted; coordinates of OurAirports, the newest; the state only the FAA has.
    expect(await flights.watersmeetJson("show", "airportScorecard", "--limit", "300")).toMatchObject({
      rows: expect.arrayContaining([
        expect.objectContaining({ iata: "ORD", name: "Chicago O'Hare International", state: "IL" }),
      ]),
    });
  });
});

describe("afterwards", { timeout: 600_000 }, () => {
  test("a second run has nothing to do and says so", async () => {
    const second = await flights.watersmeet("run", "*");
    expect(second).toMatchObject({ exitCode: 0, stdout: "Nothing to do: 707 up to date\n" });
  });

  test("changing one function runs exactly what descends from it", async () => {
    await flights.edit("assets/delays.ts", (text) => text.replace("1 - cast(sum", "1.0 - cast(sum"));
    const run = await flights.watersmeetJson("run", "*");
    expect(run).toMatchObject({
      summary: {
        stepCount: 183,
        assets: [
          { asset: "weeklyReliability", stepCount: 182 },
          { asset: "airportScorecard", stepCount: 1 },
        ],
      },
    });
  });

  test("equal content upstream leaves what reads it alone", async () => {
    // The week's rows are what they were, so the scorecard's commit id is too.
    const [step] = await flights.query<{ state: string }>(
      `select state::text from watersmeet.step where asset = 'airportScorecard' order by run_id desc limit 1`,
    );
    expect(step?.state).toBe("unchanged");
  });
});
