import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SliceRecord, SplitPlanner } from "../../../src/step/split/split-planner.ts";
import { copyShop, type TestProject } from "../shop-project.ts";
import { ShopRunner } from "../shop-runner.ts";

/** One row of `letters`, as a test writes it. */
export interface Letter {
  readonly id: number;
  readonly sender: string | null;
  readonly weight: number;
}

/** The shop with assets whose function makes its rows by sender. */
export interface SlicedWorld extends AsyncDisposable {
  readonly shop: ShopRunner;
  /** What came of the slices, attempt by attempt. */
  readonly ended: readonly (readonly SliceRecord[])[];
  /** Puts the rows into `letters`. */
  send(letters: readonly Letter[]): Promise<void>;
  /** Into how many slices partitions are split from now on. */
  splitInto(parts: number): void;
}

const source = `import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { asset, source, type Ctx, type In } from "@watersmeet/core";
import { z } from "zod";

const Letter = z.object({ id: z.int(), sender: z.string().nullable(), weight: z.number() });
const Sum = z.object({ sender: z.string().nullable(), count: z.int(), weight: z.number(), ids: z.array(z.int()), senders: z.int() });

export const letters = source({ schema: Letter, resource: "post" }, () => JSON.parse(readFileSync("letters.json", "utf8")));

/** Each slice sees all senders, and the letters of its own. */
export const sums = asset(
  { schema: Sum, key: ["sender"], splittable: { by: "sender", input: "mine" } },
  async function* (mine: In<typeof letters>, all: In<typeof letters>, ctx: Ctx) {
    const senders = new Set((await all.all()).map((letter) => letter.sender)).size;
    const bySender = new Map();
    let done = 0;
    for await (const letter of mine) {
      const sum = bySender.get(letter.sender) ?? { sender: letter.sender, count: 0, weight: 0, ids: [], senders };
      bySender.set(letter.sender, { ...sum, count: sum.count + 1, weight: sum.weight + letter.weight, ids: [...sum.ids, letter.id] });
      done += 1;
    }
    ctx.progress(done, done, "read");
    ctx.report({ read: done, senders });
    yield* bySender.values();
  },
);

/** Does what the senders' names say. */
export const deeds = asset(
  { schema: z.object({ id: z.int().max(99) }), splittable: { by: "sender" } },
  async (mine: In<typeof letters>, ctx: Ctx) => {
    const rows = await mine.all();
    const senders = new Set(rows.map((letter) => letter.sender));
    if (senders.has("throws")) throw new Error("no such sender");
    if (senders.has("exits")) process.exit(7);
    if (senders.has("cursors")) await ctx.checkpoint.set(rows.length);
    if (senders.has("waits")) {
      ctx.log.info("waiting");
      await delay(600_000, undefined, { signal: ctx.signal });
    }
    return rows.map(({ id }) => ({ id }));
  },
);
`;

export async function openSlicedWorld(): Promise<SlicedWorld> {
  await using stack = new AsyncDisposableStack();
  const project: TestProject = stack.use(await copyShop());
  await writeFile(join(project.root, "assets", "sliced.ts"), source);
  const ended: (readonly SliceRecord[])[] = [];
  let parts = 1;
  const splits: SplitPlanner = {
    plan: () => Promise.resolve(parts),
    ended: async (_step, slices) => void ended.push(slices),
  };
  const shop = stack.use(await ShopRunner.open({ project, splits }));
  let runs = 0;
  const all = stack.move();
  return {
    shop,
    ended,
    async send(letters) {
      runs += 1;
      await writeFile(join(project.root, "letters.json"), JSON.stringify(letters));
      await shop.make("letters", { isForced: true, runId: `letters${runs}` });
    },
    splitInto(count) {
      parts = count;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
