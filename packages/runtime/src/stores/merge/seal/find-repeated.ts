import { numberOf } from "../../sql-session.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import { qualifyContributions } from "../contribution-table.ts";
import { renderDifferentRows } from "./render-seal.ts";
import type { SealContext } from "./seal-context.ts";

/**
 * Whether a delivery has exactly the rows of another batch of its branch under another key (M19): it counts, and somebody should look at it. A feed names every version anew, so that
 * what was delivered twice is only seen by its rows; they are compared where the figures of two batches are equal.
 */
export async function isRepeated(
  { host, spec, form }: SealContext,
  batches: readonly CatalogBatch[],
  others: readonly CatalogBatch[],
): Promise<boolean> {
  const [batch] = batches;
  if (batch === undefined || batches.length > 1 || batch.rowCount === 0 || batch.emits === "snapshot") return false;
  const alike = others.filter((other) => other.schemaId === form.schemaId && figuresOf(other) === figuresOf(batch));
  const table = qualifyContributions(host.assetId, form.schemaId);
  for (const other of alike.filter(({ batchKey }) => batchKey !== batch.batchKey)) {
    const [row] = await host.session.run(renderDifferentRows(spec, { table, one: batch.number, other: other.number }));
    if (row !== undefined && numberOf(row, "different") === 0) return true;
  }
  return false;
}

function figuresOf({ columns, eventTimes, part, rejectedCount, rowCount, sequences }: CatalogBatch): string {
  const extents = [eventTimes?.least, eventTimes?.greatest, sequences.least, sequences.greatest];
  return [part, rowCount, rejectedCount, ...extents, ...columns].join("|");
}
