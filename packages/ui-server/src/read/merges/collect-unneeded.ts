import type { Watersmeet } from "@watersmeet/runtime";
import { requireMerge } from "./find-merge.ts";

/** What was removed, or would be, of each merge that has a retention. */
export interface CollectionDto {
  readonly items: readonly {
    readonly asset: string;
    readonly versions: number;
    readonly rows: number;
    readonly batches: number;
    readonly contributions: number;
  }[];
}

/** Removes what is older than the retention and not needed, of one merge or of all. @throws {ASSET_UNKNOWN} @throws {NOT_A_MERGE} */
export async function collectUnneeded(
  watersmeet: Watersmeet,
  { merge, dryRun }: { readonly merge: string | null; readonly dryRun: boolean },
): Promise<CollectionDto> {
  const asset = merge === null ? "all" : requireMerge(watersmeet, merge).key;
  return { items: await watersmeet.merges.collect(asset, { dryRun }) };
}
