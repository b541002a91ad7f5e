import { addFates, noFates, type FateCounts } from "@watersmeet/core/merge";
import { internalSchema as s } from "../catalog/names.ts";
import type { CatalogBatch } from "../merge/catalog/batches.ts";
import { standingsOf, type CatalogCut } from "../merge/catalog/cuts.ts";
import { countUnread } from "../merge/fold/count-fates.ts";
import type { Collecting } from "./collecting.ts";

/** Removes batches from the ledger, and from what kept cuts count: the fates of a version add up to the batches that are left (L14). */
export async function forgetBatches(
  { session, asset: { assetId } }: Collecting,
  forgotten: {
    readonly partition: string;
    readonly cuts: readonly CatalogCut[];
    readonly doomed: readonly CatalogBatch[];
  },
): Promise<void> {
  const { cuts, doomed, partition } = forgotten;
  if (doomed.length === 0) return;
  const numbers = doomed.map(({ number }) => number);
  for (const table of ["merge_batch", "merge_derived"])
    await session.run(
      `delete from ${s}.${table} where asset_id = $1::integer and number in (select unnest($2::integer[]))`,
      [assetId, numbers],
    );
  const changed = cuts.map((cut) => withoutBatches(cut, doomed));
  await session.run(
    `update ${s}.merge_cut set fates = c.fates, standings = c.standings from (select unnest($3::integer[]) as version, unnest($4::varchar[]) as fates, unnest($5::varchar[]) as standings) as c
     where merge_cut.asset_id = $1::integer and merge_cut.partition = $2 and merge_cut.version = c.version`,
    [
      assetId,
      partition,
      changed.map(({ version }) => version),
      changed.map(({ fates }) => JSON.stringify(fates)),
      changed.map(({ standings }) => JSON.stringify(standings)),
    ],
  );
}

/** No cut counts or holds any of the batches. */
function withoutBatches(
  cut: CatalogCut,
  doomed: readonly CatalogBatch[],
): Pick<CatalogCut, "version" | "fates" | "standings"> {
  const standings = standingsOf(cut);
  const known = doomed.filter(({ number }) => standings.has(number));
  const counted = known.map((batch) => countUnread(batch, standings.get(batch.number) ?? "superseded"));
  const gone = new Set(known.map(({ number }) => number));
  return {
    version: cut.version,
    fates: subtract(cut.fates, addFates(noFates, ...counted)),
    standings: Object.fromEntries(
      Object.entries(cut.standings).map(([standing, numbers]) => [
        standing,
        numbers.filter((number) => !gone.has(number)),
      ]),
    ),
  };
}

function subtract(fates: FateCounts, others: FateCounts): FateCounts {
  const { winner, superseded, masked, duplicate, held, rejected, revoked } = others;
  return {
    winner: fates.winner - winner,
    superseded: fates.superseded - superseded,
    masked: fates.masked - masked,
    duplicate: fates.duplicate - duplicate,
    held: fates.held - held,
    rejected: fates.rejected - rejected,
    revoked: fates.revoked - revoked,
  };
}
