import { afterAll, beforeAll, expect, test } from "vitest";
import type { StepLogLine, StepOutcome } from "../../../src/step/step.ts";
import { openSlicedWorld, type SlicedWorld } from "./sliced-assets.ts";

let world: SlicedWorld;
let runCount = 0;

beforeAll(async () => {
  world = await openSlicedWorld();
}, 120_000);

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

interface DeedOptions {
  readonly firstId?: number;
  readonly signal?: AbortSignal;
  readonly onLog?: (line: StepLogLine) => void;
}

/** Makes `deeds` in slices, of one letter of each sender. */
async function doDeeds(
  senders: readonly string[],
  { firstId = 0, ...options }: DeedOptions = {},
): Promise<StepOutcome> {
  await world.send(senders.map((sender, index) => ({ id: firstId + index, sender, weight: 0 })));
  world.splitInto(64);
  runCount += 1;
  return world.shop.run("deeds", { isForced: true, runId: `deeds${runCount}`, ...options });
}

test("an error in one slice is the attempt's, as it would be in one piece, and ends the slices that would go on for ever", async () => {
  expect(await doDeeds(["waits", "throws", "ana"])).toMatchObject({
    kind: "failed",
    failure: { code: "USER_CODE_THREW", message: "no such sender" },
  });
});

test("a process that ends with its slice ends the attempt as it would in one piece", async () => {
  expect(await doDeeds(["waits", "exits"])).toMatchObject({
    kind: "failed",
    failure: { code: "CHILD_DIED", class: "poison", message: expect.stringMatching(/deeds, slice \d of 2/) },
  });
});

test("rows that the schema refuses are told of all slices together", async () => {
  const outcome = await doDeeds(["a", "b", "c", "d"], { firstId: 98 });
  expect(outcome).toMatchObject({
    kind: "blocked",
    failure: { code: "GATE_FAILED", details: { failures: [{ columns: ["id"], failedRows: 2, sample: [{}, {}] }] } },
  });
});

test("slices that set different cursors are refused, since a version has one", async () => {
  expect(await doDeeds(["cursors", "ana"])).toMatchObject({
    kind: "failed",
    failure: { code: "OUTPUT_INVALID", message: "the slices of deeds set different cursors with ctx.checkpoint" },
  });
});

test("a cancelled step ends with all of its slices", async () => {
  const cancel = new AbortController();
  const outcome = await doDeeds(["waits", "ana"], { signal: cancel.signal, onLog: () => cancel.abort() });
  expect(outcome).toEqual({ kind: "cancelled" });
});

test("what slices tell is of the step: facts, progress, and what each took", async () => {
  await world.send([1, 2, 3, 4, 5, 6].map((id) => ({ id, sender: id < 4 ? "ana" : `sender ${id}`, weight: 1 })));
  world.splitInto(64);
  const told: (readonly [number, number | null])[] = [];
  const outcome = await world.shop.run("sums", { onProgress: (done, total) => told.push([done, total]) });
  expect(outcome).toMatchObject({ kind: "committed", facts: { report: { read: [3, 1, 1, 1], senders: 4 } } });
  expect(told.at(-1)).toEqual([6, 6]);
  expect(told.slice(0, -1).map(([, total]) => total)).toEqual([null, null, null]);
  expect(world.ended.at(-1)?.map(({ rowCount }) => rowCount)).toEqual([3, 1, 1, 1]);
});
