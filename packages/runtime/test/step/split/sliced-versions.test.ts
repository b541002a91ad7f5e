import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Commit } from "../../../src/stores/store.ts";
import { openSlicedWorld, type Letter, type SlicedWorld } from "./sliced-assets.ts";

let world: SlicedWorld;
let runCount = 0;

beforeAll(async () => {
  world = await openSlicedWorld();
}, 120_000);

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

function makeSums(parts: number): Promise<Commit> {
  runCount += 1;
  world.splitInto(parts);
  return world.shop.make("sums", { isForced: true, runId: `sums${runCount}` });
}

/** What the function makes of all letters at once. */
function sumUp(letters: readonly Letter[]): readonly unknown[] {
  const bySender = Map.groupBy(letters, ({ sender }) => sender);
  return [...bySender].map(([sender, own]) => ({
    sender,
    count: own.length,
    weight: own.reduce((sum, { weight }) => sum + weight, 0),
    ids: own.map(({ id }) => id),
    senders: bySender.size,
  }));
}

function bySender(rows: readonly unknown[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

const senders = fc.constantFrom(null, "", "ana", "Ana", "ben", "çağ", "null", "😀");
const letters = fc
  .array(fc.record({ sender: senders, weight: fc.integer({ min: -9, max: 9 }) }), { maxLength: 40 })
  .map((list) => list.map((letter, id): Letter => ({ ...letter, id })));

test(
  "the version is the same into however many slices a partition is split, whatever its rows",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(letters, fc.integer({ min: 2, max: 7 }), async (list, parts) => {
        await world.send(list);
        const whole = await makeSums(1);
        const split = await makeSums(parts);
        expect([split.dataDigest, split.rowCount]).toEqual([whole.dataDigest, whole.rowCount]);
        expect(bySender(await world.shop.rows("sums"))).toEqual(bySender(sumUp(list)));
      }),
      {
        numRuns: 6,
        seed: 20_261_124,
        // No rows; all of them in one slice; none with a key.
        examples: [
          [[], 3],
          [[1, 2, 3].map((id) => ({ id, sender: "ana", weight: 1 })), 5],
          [[1, 2, 3].map((id) => ({ id, sender: null, weight: 1 })), 2],
        ],
      },
    );
  },
);

test("work that is done in slices is the same work: what one has made, the other finds", async () => {
  await world.send([
    { id: 1, sender: "ana", weight: 1 },
    { id: 2, sender: "ben", weight: 2 },
  ]);
  world.splitInto(1);
  const whole = await world.shop.make("sums");
  world.splitInto(4);
  expect(await world.shop.run("sums")).toEqual({ kind: "unchanged", commitId: whole.commitId });
});
