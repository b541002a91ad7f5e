import type { MergePolicy } from "@watersmeet/core/merge";
import type { Column, RowSchema } from "@watersmeet/core/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Commit } from "../../src/stores/store.ts";
import { asset, column } from "../stores/stored-rows.ts";
import { commitMerge, openDuckdbWorld, publishSource, type MergeWorld } from "./merge-world.ts";

const id = column("id", { kind: "text" });
const name = column("name", { kind: "text" });
const title: Column = { ...column("title", { kind: "text" }), field: "name" };
const policy: MergePolicy = { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: null };

let world: MergeWorld;
beforeAll(async () => {
  world = await openDuckdbWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Merges with one form of the schema after the other. */
async function mergeWith(key: string, ...forms: readonly (readonly Column[])[]): Promise<void> {
  let base: Commit | undefined;
  for (const columns of forms) {
    const schema: RowSchema = { columns };
    const row = Object.fromEntries(columns.map((each) => [each.name, "x"]));
    const source = await publishSource(world, { name: "feed", schema, rows: [row] });
    const target = asset(key, false, schema);
    const merged = await commitMerge(world, {
      target,
      policy,
      sources: [source],
      ...(base === undefined ? {} : { base }),
    });
    base = merged.commit;
  }
}

test("a column that was dropped does not come back under its id", async () => {
  await expect(mergeWith("dropped", [id, name], [id], [id, title])).rejects.toMatchObject({
    code: "MERGE_EPOCH_CHAIN_BROKEN",
    message: expect.stringContaining('dropped: the field id "name" of the column "title" was dropped'),
  });
});

test("a renamed column is the column that it was, and taking an edit back is no return", async () => {
  await mergeWith("renamed", [id, name], [id, title]);
  await mergeWith("back", [id, name], [id], [id, name]);
});
