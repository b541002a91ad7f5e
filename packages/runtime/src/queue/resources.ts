import type { LedgerDb } from "../ledger/open-ledger.ts";

/** The limits of the configuration hold for all workers: whoever opens the project last sets them. */
export async function ensureResources(
  db: LedgerDb,
  resources: Readonly<Record<string, { readonly concurrency: number }>>,
): Promise<void> {
  const rows = Object.entries(resources).map(([name, { concurrency }]) => ({ name, concurrency }));
  if (rows.length === 0) return;
  await db
    .insertInto("resource")
    .values(rows)
    .onConflict((conflict) =>
      conflict.column("name").doUpdateSet((eb) => ({ concurrency: eb.ref("excluded.concurrency") })),
    )
    .execute();
}
