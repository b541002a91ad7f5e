import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { Materialization, MaterializationId } from "../../ledger/records.ts";
import { listMaterializationsById } from "../../ledger/versions/materializations.ts";

/** Versions that a version was made from, transitively, nearest first; each once. Level by level: one query each. */
export async function listProvenance(db: LedgerDb, id: MaterializationId): Promise<readonly Materialization[]> {
  const seen = new Set<MaterializationId>([id]);
  const found: Materialization[] = [];
  let level = await listMaterializationsById(db, [id]);
  while (level.length > 0) {
    const next = new Set<MaterializationId>();
    for (const input of level.flatMap((made) => made.inputs)) {
      if (input.materializationId === null || seen.has(input.materializationId)) continue;
      seen.add(input.materializationId);
      next.add(input.materializationId);
    }
    level = await listMaterializationsById(db, [...next]);
    found.push(...level);
  }
  return found;
}
