import { parseAssetKey } from "@watersmeet/core/values";
import { describeSplit, type Outlier, type SplitRecord, type Watersmeet } from "@watersmeet/runtime";

/** A partition that was made in slices of its input's rows. */
export interface SplitDto {
  readonly asset: string;
  readonly partition: string;
  readonly attempt: number;
  readonly parts: number;
  /** Slices that it should have by what was seen: plans follow by and by. */
  readonly wanted: number;
  /** Rows of the input that is sliced. */
  readonly rowCount: number;
  readonly medianRows: number | null;
  readonly expectedMs: number | null;
  /** Largest first, those without rows left out; `null`: they have not all ended well. */
  readonly slices: readonly { readonly rowCount: number; readonly tookMs: number }[] | null;
  /** All of it in words: "orders @ 2001-01-31 is made in 8 slices: …". */
  readonly text: string;
}

export function toSplitDto(split: SplitRecord): SplitDto {
  const { asset, partition, attempt, parts, wanted, rowCount, medianRows, expectedMs, slices } = split;
  const text = describeSplit(split);
  return { asset, partition, attempt, parts, wanted, rowCount, medianRows, expectedMs, slices, text };
}

/** Steps of an asset that were unlike the others in its last run, and those that were made in slices. */
export interface AssetOutliersDto {
  readonly runId: string | null;
  readonly outliers: readonly Outlier[];
  readonly splits: readonly SplitDto[];
}

/** @throws {ASSET_UNKNOWN} */
export async function findAssetOutliers(
  { assetOutliers }: Pick<Watersmeet, "assetOutliers">,
  asset: string,
): Promise<AssetOutliersDto> {
  const { runId, outliers, splits } = await assetOutliers(parseAssetKey(asset));
  return { runId, outliers, splits: splits.map(toSplitDto) };
}
