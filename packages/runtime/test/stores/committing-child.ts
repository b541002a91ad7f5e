import { dirname } from "node:path";
import { openStore } from "../../src/stores/open-store.ts";
import { asset, createScratch, orders, prepare, publish, stampedAsset } from "./stored-rows.ts";

/**
 * A process that commits to a DuckDB file and is killed while it does. `at <phase>`: commits once, and kills itself at that boundary of the commit.
 * `loop`: commits for ever, saying so before and after each one, until it is killed from outside.
 */
const [path = "", mode = "", phase = ""] = process.argv.slice(2);

const folder = dirname(path);
let isArmed = false;
const store = await openStore({
  name: "default",
  config: { kind: "duckdb", path, memoryLimit: "256MB", threads: 1 },
  root: folder,
  stateDirectory: folder,
  onPhase(reached) {
    if (isArmed && reached === phase) process.kill(process.pid, "SIGKILL");
  },
});
await using scratch = await createScratch();
const [parts, whole] = [asset("parts", true), asset("whole", false)];
const [stamped, stampedParts] = [stampedAsset("stamped", false), stampedAsset("stamped_parts", true)];

if (mode === "at") {
  const before = {
    parts: await publish(store, scratch, { asset: parts, partition: "a", rows: orders(3) }),
    whole: await publish(store, scratch, { asset: whole, rows: orders(3) }),
    stamped: await publish(store, scratch, { asset: stamped, rows: orders(3) }),
    stampedParts: await publish(store, scratch, { asset: stampedParts, partition: "a", rows: orders(3) }),
  };
  const requests = [
    await prepare(store, scratch, {
      asset: parts,
      partition: "a",
      rows: orders(5, 10),
      base: before.parts.version,
      commitId: "parts-2",
    }),
    await prepare(store, scratch, { asset: parts, partition: "b", rows: orders(4, 20), commitId: "parts-b" }),
    await prepare(store, scratch, {
      asset: whole,
      rows: orders(6, 30),
      base: before.whole.version,
      commitId: "whole-2",
    }),
    // Of three rows, one goes and four come; and a partition begins.
    await prepare(store, scratch, {
      asset: stamped,
      rows: orders(6, 1),
      base: before.stamped.version,
      commitId: "stamped-2",
    }),
    await prepare(store, scratch, {
      asset: stampedParts,
      partition: "a",
      rows: orders(5, 1),
      base: before.stampedParts.version,
      commitId: "stamped-a2",
    }),
    await prepare(store, scratch, { asset: stampedParts, partition: "b", rows: orders(4, 20), commitId: "stamped-b" }),
  ];
  isArmed = true;
  await store.commit(requests);
  throw new Error(`the phase ${phase} was not reached`);
}

for (;;) {
  const heads = await store.listHeads("prod", parts.key);
  const base = heads[0]?.version ?? null;
  const next = (base ?? 0) + 1;
  const requests = [
    await prepare(store, scratch, {
      asset: parts,
      partition: "a",
      rows: orders(2000, next),
      base,
      commitId: `parts-${next}`,
    }),
    await prepare(store, scratch, {
      asset: whole,
      rows: orders(100, next),
      base: next === 1 ? null : next - 1,
      commitId: `whole-${next}`,
    }),
    await prepare(store, scratch, {
      asset: stamped,
      rows: orders(500, next),
      base: next === 1 ? null : next - 1,
      commitId: `stamped-${next}`,
    }),
  ];
  process.stdout.write(`committing ${next}\n`);
  await store.commit(requests);
  process.stdout.write(`committed ${next}\n`);
}
