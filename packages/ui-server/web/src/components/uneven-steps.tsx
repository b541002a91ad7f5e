import { Link } from "@tanstack/react-router";
import type { AssetOutliersDto } from "../../../src/read/split-dto.ts";
import { formatCount, formatDuration, formatPartition } from "../format.ts";

/** Steps that run far longer than their siblings, partitions with far more rows, and those that were made in slices. Nothing when there are none. */
export function UnevenSteps({ found, isOfAsset }: { readonly found: Found; readonly isOfAsset: boolean }) {
  const { outliers, splits } = found;
  if (outliers.length + splits.length === 0) return null;
  return (
    <section aria-labelledby="uneven">
      <h2 id="uneven">Uneven steps</h2>
      <ul>
        {outliers.map((outlier) => (
          <li key={`${outlier.kind} ${outlier.asset} ${outlier.partition}`}>
            <span className="badge tone-stale">{outlier.kind}</span>{" "}
            <Name asset={isOfAsset ? null : outlier.asset} partition={outlier.partition} /> {describe(outlier)}
          </li>
        ))}
        {splits.map((split) => (
          <li key={`split ${split.asset} ${split.partition}`}>
            <span className="badge">split</span> {split.text}
            {split.slices !== null && (
              <span className="quiet">
                {" "}
                ({split.slices.map(({ rowCount }) => formatCount(rowCount)).join(" + ")} rows)
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

type Found = Pick<AssetOutliersDto, "outliers" | "splits">;

function Name({ asset, partition }: { readonly asset: string | null; readonly partition: string }) {
  if (asset === null) return formatPartition(partition);
  return (
    <>
      <Link to="/assets/$key" params={{ key: asset }}>
        {asset}
      </Link>{" "}
      {formatPartition(partition)}
    </>
  );
}

function describe(outlier: Found["outliers"][number]): string {
  if (outlier.kind === "straggler")
    return `runs for ${formatDuration(outlier.elapsedMs)}; its siblings took ${formatDuration(outlier.medianMs)}`;
  const { rowCount, tookMs, medianRows } = outlier;
  return `has ${formatCount(rowCount)} rows and took ${formatDuration(tookMs)}; its siblings have ${formatCount(Math.round(medianRows))}`;
}
