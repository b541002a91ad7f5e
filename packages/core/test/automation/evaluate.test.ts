import { describe, expect, it } from "vitest";
import {
  and,
  cronTick,
  inputMissing,
  missing,
  not,
  stale,
  or,
  inProgress,
} from "../../src/automation/condition/condition.ts";
import { eager, onCron, onMissing } from "../../src/automation/condition/presets.ts";
import type { Condition } from "../../src/automation/index.ts";
import { explainEvaluation, type ExplainedStep } from "../../src/automation/index.ts";
import type { PartitionsSpec } from "../../src/values/index.ts";
import { parseAssetKey } from "../../src/values/index.ts";
import { makeAsset, makeInput, makeManifest, withNewCode } from "../plan/random-projects.ts";
import {
  begin,
  end,
  Evaluator,
  make,
  nameRequests,
  planningOf,
  startRequests,
  startWorld,
  type AutomatedWorld,
} from "./automated-world.ts";

const days: PartitionsSpec = { kind: "time", grain: "day", start: "2024-04-01", end: null, timeZone: "UTC" };
const feed = parseAssetKey("feed");
const daily = parseAssetKey("daily");
const total = parseAssetKey("total");

/** feed → daily → total: two partitioned by day, the last one reads every day. */
function start(): AutomatedWorld {
  const manifest = makeManifest([
    makeAsset("feed", { kind: "source", partitions: days }),
    makeAsset("daily", { partitions: days, inputs: [makeInput("feed", 0)] }),
    makeAsset("total", { inputs: [makeInput("daily", 0, { mapping: { kind: "all" } })] }),
  ]);
  return startWorld(manifest, new Date("2024-04-04T09:00:00Z"));
}

/** Evaluates, and says what is requested; it counts as in progress from then on. */
function look(world: AutomatedWorld, evaluator: Evaluator): readonly string[] {
  const evaluations = evaluator.evaluate(world);
  const requests = nameRequests(world, evaluations);
  startRequests(world, evaluations);
  return requests;
}

function automate(...conditions: readonly (readonly [typeof feed, Condition])[]): Evaluator {
  return new Evaluator(new Map(conditions));
}

describe("eager()", () => {
  it("makes what is missing as soon as what it needs is there", () => {
    const world = start();
    const evaluator = automate([daily, eager()]);
    expect(look(world, evaluator)).toEqual([]);
    make(world, { select: "feed", partitions: "2024-04-01..2024-04-02" });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-02"]);
    make(world, { select: "daily" });
    expect(look(world, evaluator)).toEqual([]);
  });

  it("requests nothing new when it is evaluated again without a change", () => {
    const world = start();
    const evaluator = automate([daily, eager()], [total, eager()]);
    make(world, { select: "feed" });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-03"]);
    expect(look(world, evaluator)).toEqual([]);
    expect(look(world, evaluator)).toEqual([]);
  });

  it("makes exactly the old partition again for which data came late, and what reads it", () => {
    const world = start();
    const evaluator = automate([daily, eager()], [total, eager()]);
    make(world, { select: "*" });
    expect(look(world, evaluator)).toEqual([]);
    make(world, { select: "feed", partitions: "2024-04-01", force: true, content: "late" });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01"]);
    make(world, { select: "daily" });
    expect(look(world, evaluator)).toEqual(["total"]);
  });

  it("does not make again what reads an input that came out the same", () => {
    const world = start();
    const evaluator = automate([daily, eager()]);
    make(world, { select: "*" });
    make(world, { select: "feed", force: true });
    expect(look(world, evaluator)).toEqual([]);
  });

  it("waits for an input that is being made", () => {
    const world = start();
    const evaluator = automate([daily, eager()]);
    make(world, { select: "*" });
    begin(world, feed, [planningOf(world).stateOf(feed).space.keyAt(0)]);
    world.manifest = withNewCode(world.manifest, new Set([daily]), "2");
    expect(look(world, evaluator)).toEqual(["daily@2024-04-02..2024-04-03"]);
    make(world, { select: "feed", partitions: "2024-04-01", force: true });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01"]);
  });

  it("waits for an input that the same evaluation requests", () => {
    const world = start();
    make(world, { select: "feed" });
    const evaluator = automate([daily, eager()], [total, eager()]);
    make(world, { select: "daily", partitions: "2024-04-01..2024-04-02" });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-03"]);
  });

  it("leaves alone what failed until an input or the code has changed", () => {
    const world = start();
    const evaluator = automate([daily, eager()]);
    make(world, { select: "feed" });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-03"]);
    end(world, daily, "failed");
    expect([look(world, evaluator), look(world, evaluator)]).toEqual([[], []]);
    make(world, { select: "feed", partitions: "2024-04-02", force: true, content: "mended" });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-02"]);
    end(world, daily, "failed");
    expect(look(world, evaluator)).toEqual([]);
    world.manifest = withNewCode(world.manifest, new Set([daily]), "2");
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-03"]);
  });

  it("leaves alone what a person cancelled", () => {
    const world = start();
    const evaluator = automate([daily, eager()]);
    make(world, { select: "feed" });
    look(world, evaluator);
    end(world, daily, "cancelled");
    expect([look(world, evaluator), look(world, evaluator)]).toEqual([[], []]);
  });

  it("sees windows of time appear as they end", () => {
    const world = start();
    const evaluator = automate([feed, eager()]);
    make(world, { select: "feed" });
    expect(look(world, evaluator)).toEqual([]);
    world.now = new Date("2024-04-06T00:00:00Z");
    expect(look(world, evaluator)).toEqual(["feed@2024-04-04..2024-04-05"]);
  });
});

describe("onMissing()", () => {
  it("makes what has no version, and leaves alone what is stale", () => {
    const world = start();
    const evaluator = automate([daily, onMissing()]);
    make(world, { select: "feed daily", partitions: "2024-04-01" });
    make(world, { select: "feed", force: true, content: "new" });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-02..2024-04-03"]);
  });
});

describe("onCron()", () => {
  const nightly = onCron("0 3 * * *");

  it("begins with the first tick after it was there", () => {
    const world = start();
    make(world, { select: "feed" });
    const evaluator = automate([daily, nightly]);
    expect(look(world, evaluator)).toEqual([]);
    world.now = new Date("2024-04-05T02:59:59Z");
    expect(look(world, evaluator)).toEqual([]);
    world.now = new Date("2024-04-05T03:00:00Z");
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-03"]);
  });

  it("makes nothing between ticks, whatever changes", () => {
    const world = start();
    make(world, { select: "*" });
    const evaluator = automate([daily, nightly]);
    look(world, evaluator);
    world.now = new Date("2024-04-05T03:10:00Z");
    make(world, { select: "feed daily", partitions: "2024-04-04" });
    expect(look(world, evaluator)).toEqual([]);
    make(world, { select: "feed", force: true, content: "new" });
    expect(look(world, evaluator)).toEqual([]);
    world.now = new Date("2024-04-06T03:00:00Z");
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-04"]);
  });

  it("waits for inputs that the same tick makes, and goes on when they are there", () => {
    const world = start();
    const evaluator = automate([feed, nightly], [daily, nightly]);
    look(world, evaluator);
    world.now = new Date("2024-04-05T03:00:01Z");
    expect(look(world, evaluator)).toEqual(["feed@2024-04-01..2024-04-04"]);
    expect(look(world, evaluator)).toEqual([]);
    make(world, { select: "feed" });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-04"]);
  });

  it("asks an outside world without time again at every tick, once", () => {
    const world = startWorld(makeManifest([makeAsset("rates", { kind: "source" })]), new Date("2024-04-04T09:00:00Z"));
    const rates = parseAssetKey("rates");
    make(world, { select: "rates" });
    const evaluator = automate([rates, onCron("0 * * * *")]);
    look(world, evaluator);
    for (const hour of [10, 11, 12]) {
      world.now = new Date(`2024-04-04T${hour}:00:00Z`);
      expect(look(world, evaluator)).toEqual(["rates"]);
      make(world, { select: "rates", force: true });
      expect(look(world, evaluator)).toEqual([]);
    }
  });

  it("counts ticks that passed while nothing was evaluated as one", () => {
    const world = start();
    make(world, { select: "feed" });
    const evaluator = automate([daily, nightly]);
    look(world, evaluator);
    world.now = new Date("2024-04-09T12:00:00Z");
    make(world, { select: "feed" });
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-08"]);
    make(world, { select: "daily" });
    expect(look(world, evaluator)).toEqual([]);
  });

  it("gives no tick twice when the clock is set back", () => {
    const world = startWorld(makeManifest([makeAsset("rates", { kind: "source" })]), new Date("2024-04-04T09:00:00Z"));
    const rates = parseAssetKey("rates");
    const evaluator = automate([rates, onCron("0 * * * *")]);
    look(world, evaluator);
    world.now = new Date("2024-04-04T10:01:00Z");
    expect(look(world, evaluator)).toEqual(["rates"]);
    make(world, { select: "rates", force: true });
    for (const time of ["09:58:00", "09:59:30", "10:00:00", "10:00:30", "10:02:00"]) {
      world.now = new Date(`2024-04-04T${time}Z`);
      expect(look(world, evaluator)).toEqual([]);
    }
  });

  it("tries what failed again at the next tick", () => {
    const world = start();
    make(world, { select: "feed" });
    const evaluator = automate([daily, nightly]);
    look(world, evaluator);
    for (const day of ["05", "06"]) {
      world.now = new Date(`2024-04-${day}T03:00:00Z`);
      expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-03"]);
      end(world, daily, "failed");
      expect(look(world, evaluator)).toEqual([]);
    }
  });
});

describe("a condition of an author's own", () => {
  it.each([
    ["that always holds", or(missing(), not(missing()))],
    ["that forgets what failed", and(missing(), not(inProgress()), not(inputMissing()))],
    ["that asks only whether it is stale", or(stale(), and(missing(), not(inputMissing())))],
  ])("%s starts no run without end", (_, condition) => {
    const world = start();
    make(world, { select: "feed" });
    const evaluator = automate([daily, condition]);
    expect(look(world, evaluator)).toHaveLength(1);
    for (let round = 0; round < 3; round++) {
      end(world, daily, "failed");
      expect(look(world, evaluator)).toEqual([]);
    }
  });

  it("joins a tick with what is missing", () => {
    const world = start();
    make(world, { select: "feed" });
    const evaluator = automate([daily, and(cronTick("0 3 * * *"), missing())]);
    expect(look(world, evaluator)).toEqual([]);
    world.now = new Date("2024-04-05T03:00:00Z");
    expect(look(world, evaluator)).toEqual(["daily@2024-04-01..2024-04-04"]);
  });
});

describe("an explanation", () => {
  it("says of one partition, step by step, what held and what did not", () => {
    const world = start();
    make(world, { select: "feed", partitions: "2024-04-01..2024-04-02" });
    const [evaluation] = automate([daily, eager()]).evaluate(world);
    const step =
      evaluation === undefined ? undefined : explainEvaluation(planningOf(world), evaluation.trace, [[2, 3]]);
    expect(render(step)).toMatchInlineSnapshot(`
      "0/1 a run of it is requested
        0/1 eager
          0/1 all of
            1/1 any of
              1/1 it has no version
              0/1 another run would make another version
            0/1 not
              1/1 something that it needs has no version
            1/1 not
              0/1 for something that it reads
                0/1 its input feed
                  0/1 any of
                    0/1 it is being made, or requested
                    0/1 this evaluation requests it
        0/1 it has not been requested for that already, or there is news since
        1/1 it is not being made
        1/1 it has not failed, or there is news since"
    `);
  });

  it("says why a partition is stale, and how many partitions of an input are in the way", () => {
    const world = start();
    make(world, { select: "*" });
    make(world, { select: "daily", force: true, partitions: "2024-04-01", content: "new" });
    begin(world, daily, [planningOf(world).stateOf(daily).space.keyAt(1)]);
    const [evaluation] = automate([total, eager()]).evaluate(world);
    const step =
      evaluation === undefined ? undefined : explainEvaluation(planningOf(world), evaluation.trace, [[0, 1]]);
    expect(render(step)).toMatchInlineSnapshot(`
      "0/1 a run of it is requested
        0/1 eager
          0/1 all of
            1/1 any of
              0/1 it has no version
              1/1 another run would make another version: input changed: daily
            1/1 not
              0/1 something that it needs has no version
            0/1 not
              1/1 for something that it reads
                1/1 its input daily
                  1/3 any of
                    1/3 it is being made, or requested
                    0/3 this evaluation requests it
        0/1 it has not been requested for that already, or there is news since
        1/1 it is not being made
        1/1 it has not failed, or there is news since"
    `);
  });
});

function render(step: ExplainedStep | undefined, indent = ""): string {
  if (step === undefined) return "";
  const detail = step.detail === null ? "" : `: ${step.detail}`;
  const line = `${indent}${step.count}/${step.of} ${step.says}${detail}`;
  return [line, ...step.parts.map((part) => render(part, `${indent}  `))].join("\n");
}
