import { WatersmeetError } from "@watersmeet/core/errors";
import type { Row } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { Project } from "../../project/project.ts";
import { requireSpec } from "../project/require-spec.ts";
import type { StoreSet } from "./store-set.ts";

/** Rows that readers see, as the store says. @throws {NOT_FOUND} when nothing is published @throws {ASSET_UNKNOWN} @throws {PROJECT_INVALID} @throws {STORE_LOCKED} */
export async function readHeadRows(
  deps: { readonly stores: StoreSet; readonly environment: string; readonly project: Project },
  key: AssetKey,
  options: { readonly partition?: PartitionKey; readonly limit: number },
): Promise<readonly Row[]> {
  const { manifest, spec } = requireSpec(deps.project, key);
  const store = await deps.stores.get(spec.store);
  const heads = await store.listHeads(deps.environment, key);
  const versions = heads.filter((head) => options.partition === undefined || head.partition === options.partition);
  if (versions.length === 0) {
    throw new WatersmeetError("NOT_FOUND", `Nothing of ${nameOf(key, options.partition)} is published yet`, {
      hint: `\`watersmeet run ${key}\` makes it.`,
    });
  }
  const rows: Row[] = [];
  const stored = { key, schema: spec.schema, isPartitioned: manifest.partitions !== null };
  for await (const chunk of store.readRows({ asset: stored, versions }, { limit: options.limit })) rows.push(...chunk);
  return rows.slice(0, options.limit);
}

function nameOf(asset: AssetKey, partition: PartitionKey | undefined): string {
  return partition === undefined || partition === "" ? asset : `${asset} @ ${partition}`;
}
