import { createHash } from "node:crypto";
import { canonicalRow, finishRowDigest, type RowSchema } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { StoredAsset } from "../../stores/port/staging.ts";
import type { Store } from "../../stores/store.ts";
import { violation, type Violation } from "../violations.ts";
import { nameOf } from "./compare-store.ts";

/** An asset as the project has it now. */
export interface KnownAsset {
  readonly stored: StoredAsset;
  readonly schemaVersion: string;
  /** Whether a version's digest is of its own rows alone: that of a feed says what came before, too. */
  readonly hasOwnDigest: boolean;
}

interface Served {
  readonly environment: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly rowCount: string;
  readonly dataDigest: string;
  readonly schemaVersion: string;
}

/** I1: whether the rows of every served version are those that were committed. Reads all of them, so it takes as long as that. */
export async function findWrongRows(
  db: LedgerDb,
  store: Store,
  assetOf: (key: AssetKey) => KnownAsset | undefined,
): Promise<readonly Violation[]> {
  const { rows } = await sql<Served>`
    select head.environment, head.asset, head.partition, made.version, made.row_count as "rowCount", made.data_digest as "dataDigest",
      made.schema_version as "schemaVersion"
    from watersmeet.head join watersmeet.materialization as made on made.id = head.materialization_id
    where made.store_id = ${store.storeId} order by head.asset, head.partition`.execute(db);
  const found: Violation[] = [];
  for (const served of rows) {
    const known = assetOf(served.asset);
    if (known === undefined) continue;
    const { environment, asset, partition } = served;
    const difference = await compareRows(store, known, served);
    if (difference === null) continue;
    const message = `version ${served.version} of ${nameOf(served)} ${difference}`;
    found.push(violation("ROWS_DIFFER", { store: store.name, environment, asset, partition }, message));
  }
  return found;
}

async function compareRows(store: Store, known: KnownAsset, served: Served): Promise<string | null> {
  const { count, digest } = await digestStored(store, known.stored, served);
  if (String(count) !== served.rowCount) return `was committed with ${served.rowCount} rows and has ${count}`;
  // A digest is one of all columns: those of another schema are not those of now.
  const isComparable = known.hasOwnDigest && served.schemaVersion === known.schemaVersion;
  if (!isComparable || digest === served.dataDigest) return null;
  return "has other rows than were committed";
}

async function digestStored(
  store: Store,
  asset: StoredAsset,
  { partition, version }: Served,
): Promise<{ readonly count: number; readonly digest: string }> {
  let rowCount = 0;
  let sums: [bigint, bigint] = [0n, 0n];
  for await (const rows of store.readRows({ asset, versions: [{ partition, version }] })) {
    for (const row of rows) sums = addRow(sums, asset.schema, row);
    rowCount += rows.length;
  }
  return { count: rowCount, digest: finishRowDigest({ rowCount, sums }) };
}

function addRow(
  [first, second]: [bigint, bigint],
  schema: RowSchema,
  row: Parameters<typeof canonicalRow>[1],
): [bigint, bigint] {
  const hash = createHash("sha256").update(canonicalRow(schema, row)).digest();
  return [first + hash.readBigInt64BE(0), second + hash.readBigInt64BE(8)];
}
