import type { MergePolicy } from "@watersmeet/core/merge";
import { expect, test } from "vitest";
import { asset, column } from "../stores/stored-rows.ts";
import { commitMerge, openPostgresWorld, publishSource } from "./merge-world.ts";

const schema = { columns: [column("id", { kind: "text" }), column("name", { kind: "text" })] };
const policy: MergePolicy = { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: null };

/** Both engines add columns with the same statements; only Postgres lets a test take them away. */
test("a store from before batches had parts and epochs is followed, and its batches still count", async () => {
  await using world = await openPostgresWorld();
  const rows = [{ id: "k1", name: "Ann" }];
  const crm = await publishSource(world, { name: "crm", schema, rows });
  const target = { ...asset("merged", false, schema), isStamped: true };
  const first = await commitMerge(world, { target, policy, sources: [crm] });
  for (const column of ["part", "emits", "epoch", "origin", "lateness", "sealed_at", "since_version", "least_sequence"])
    await world.count(`alter table _watersmeet.merge_batch drop column ${column}`);
  for (const column of ["cut", "standings", "orders", "fold_id", "fold_fates"])
    await world.count(`alter table _watersmeet.merge_cut drop column ${column}`);
  await world.count("drop table _watersmeet.merge_epoch");
  await world.count("drop table _watersmeet.merge_derived");
  // The first staging of an asset looks after the tables.
  const other = asset("other", false, { columns: [...schema.columns, column("extra", { kind: "text" })] });
  await commitMerge(world, { target: other, policy, sources: [crm] });
  const again = await commitMerge(world, { target, policy, sources: [crm], base: first.commit });
  expect(again.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate"]);
  expect(again.commit.dataDigest).toBe(first.commit.dataDigest);
  const [batch] = await world.store.merges.listBatches({ asset: target.key, limit: 1 });
  expect(batch).toMatchObject({ standing: "live", epoch: 1, sealedAt: "", origin: null });
});
