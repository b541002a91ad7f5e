import { planFold, type FoldPlan } from "@watersmeet/core/merge";
import type { CatalogBatch } from "../catalog/batches.ts";
import { contributionColumns, contributionTableName, renderContributionColumns } from "../contribution-table.ts";
import type { ContributionTable, RenderedFold } from "../merge-dialect.ts";
import type { FoldWork, PreviousFold } from "./fold-work.ts";
import { renderJoinKeys } from "./key-tables.ts";
import { hasHiddenFates } from "./render-survivors.ts";

/** The table that the contributions stand in, or a working table with those of several. */
export async function findTable(work: FoldWork): Promise<ContributionTable> {
  const { host, reader, spec, live } = work;
  if (!reader.isPresent(live)) return await gather(work, { batches: live, suffix: "all" });
  return describeTable(work, { name: contributionTableName(host.assetId, spec.schema), batches: live });
}

async function gather(
  work: FoldWork,
  {
    batches,
    suffix,
    joined,
  }: { readonly batches: readonly CatalogBatch[]; readonly suffix: string; readonly joined?: string },
): Promise<ContributionTable> {
  const { dialect, host, reader, spec } = work;
  const name = host.stagingTable(suffix);
  const columns = [...contributionColumns, ...spec.schema.columns.map((_, index) => `c${index}`)];
  await host.session.run(`${host.createStagingTable} ${name} (${renderContributionColumns(dialect, spec.schema)})`);
  await host.session.run(`insert into ${name} (${columns.join(", ")}) ${reader.renderContributions(batches, joined)}`);
  return describeTable(work, { name, batches });
}

function describeTable(
  { reader, spec }: FoldWork,
  { name, batches }: { readonly name: string; readonly batches: readonly CatalogBatch[] },
): ContributionTable {
  return {
    name,
    schema: spec.schema,
    hasFaults: batches.some((batch) => batch.rejectedCount > 0 || reader.countFailed(batch) > 0),
    hasCopies: batches.some((batch) => batch.duplicateCount > 0),
  };
}

/** The contributions of the affected keys: where they stand when the fold reads them once, otherwise in a working table. */
export async function findAffected(
  work: FoldWork,
  { before, keys }: { readonly before: PreviousFold; readonly keys: string },
): Promise<ContributionTable> {
  const { dialect, host, live, reader, spec } = work;
  const joined = renderJoinKeys(spec, keys);
  const own = {
    ...describeTable(work, { name: contributionTableName(host.assetId, spec.schema), batches: live }),
    joined,
  };
  const plan = planFold(
    spec,
    live.map((batch) => reader.toFoldBatch(batch)),
  );
  const folded = dialect.renderFold(plan, own);
  const isCounted = reader.isPresent(live) && isFoldCountedByRows(plan, folded);
  if (isCounted && folded.conflicts === null) return own;
  const table = await gather(work, {
    batches: isCounted ? live : unionOf(live, before.live),
    suffix: "part",
    joined,
  });
  for (const statement of dialect.renderAnalyze(table.name)) await host.session.run(statement);
  return table;
}

/** Whether the fates of all contributions follow from how many there are, and how many rows: each row is one of them, and no other one has a part in it. */
export function isFoldCountedByRows(plan: FoldPlan, folded: RenderedFold): boolean {
  return folded.renderWinners("") === null && !hasHiddenFates(plan);
}

function unionOf(some: readonly CatalogBatch[], others: readonly CatalogBatch[]): readonly CatalogBatch[] {
  return [...new Map([...some, ...others].map((batch) => [batch.number, batch])).values()];
}
