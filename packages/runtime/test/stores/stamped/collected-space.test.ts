import { expect, test } from "vitest";
import { createScratch, orders, publish, read, stampedAsset } from "../stored-rows.ts";
import { openWorlds } from "./stamped-world.ts";

test("what is collected from a DuckDB file makes room for new versions", async () => {
  await using scratch = await createScratch();
  await using world = await openWorlds.DuckDB(scratch, {});
  const asset = stampedAsset("rewritten", false);
  const blocks: number[] = [];
  let base: number | null = null;
  // Every version has other rows, so that all of the one before are closed.
  for (let round = 0; round < 8; round += 1) {
    const commit = await publish(world.store, scratch, { asset, rows: orders(20_000, round * 100_000), base });
    base = commit.version;
    await world.store.collect({ asset, keepVersions: [], dryRun: false });
    expect(await read(world.store, asset, [commit])).toHaveLength(20_000);
    const [size] = await world.query("select total_blocks from pragma_database_size()");
    blocks.push(Number(size?.["total_blocks"]));
  }
  expect(blocks.at(-1)).toBeLessThanOrEqual(Math.max(...blocks.slice(0, 4)) + 2);
});
