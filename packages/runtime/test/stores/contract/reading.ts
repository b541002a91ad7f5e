import type { Row } from "@watersmeet/core/schema";
import { expect, test } from "vitest";
import { asset, orders, prepare, publish } from "../stored-rows.ts";
import type { StoreWorld } from "./store-world.ts";

/** Readers and files. */
export function describeReading(world: StoreWorld): void {
  test("stops reading when the reader does", async () => {
    const a = asset("stopped", false);
    const commit = await publish(world.store, world.scratch, { asset: a, rows: orders(10_000) });
    let seen = 0;
    for await (const chunk of world.store.readRows({ asset: a, versions: [commit] })) {
      seen += chunk.length;
      break;
    }
    expect(seen).toBeLessThan(10_000);
    const limited: Row[] = [];
    for await (const chunk of world.store.readRows({ asset: a, versions: [commit] }, { limit: 7 }))
      limited.push(...chunk);
    expect(limited).toHaveLength(7);
  });

  test("exports the same versions once", async () => {
    const a = asset("exported", true);
    const commits = await world.store.commit([
      await prepare(world.store, world.scratch, { asset: a, partition: "a", rows: orders(2) }),
      await prepare(world.store, world.scratch, { asset: a, partition: "b", rows: orders(3, 10) }),
    ]);
    const file = await world.store.exportFile({ asset: a, versions: commits }, world.scratch.folder);
    expect(file.rowCount).toBe(5);
    expect(
      (await world.store.exportFile({ asset: a, versions: [...commits].reverse() }, world.scratch.folder)).path,
    ).toBe(file.path);
    expect(
      (await world.store.exportFile({ asset: a, versions: commits.slice(1) }, world.scratch.folder)).path,
    ).not.toBe(file.path);
  });
}
