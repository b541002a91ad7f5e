import { internalSchema as s } from "../../catalog/names.ts";
import { numberOf, textOf, type SqlSession } from "../../sql-session.ts";

/** What upcasters made of a batch: the same contributions in another form, read in place of the batch. It can be made again at any time. */
export interface DerivedBatch {
  /** Number of the batch. */
  readonly number: number;
  /** Number that the rows stand under, in the table of the form that they were brought to. */
  readonly derivedNumber: number;
  /** Names the functions and forms on the way. */
  readonly reading: string;
  readonly schemaId: string;
  /** Columns that it carries, without the key. */
  readonly columns: readonly string[];
  readonly hasRowPresence: boolean;
  /** Rows that an upcaster could not bring there. */
  readonly failedCount: number;
}

export async function listDerived(session: SqlSession, assetId: number): Promise<readonly DerivedBatch[]> {
  const rows = await session.run(
    `select number, derived_number, reading, schema_id, columns, has_row_presence, failed_count from ${s}.merge_derived where asset_id = $1::integer order by derived_number`,
    [assetId],
  );
  return rows.map((row) => {
    const columns: readonly string[] = JSON.parse(textOf(row, "columns"));
    return {
      number: numberOf(row, "number"),
      derivedNumber: numberOf(row, "derived_number"),
      reading: textOf(row, "reading"),
      schemaId: textOf(row, "schema_id"),
      columns,
      hasRowPresence: row["has_row_presence"] === "true",
      failedCount: numberOf(row, "failed_count"),
    };
  });
}

export async function insertDerived(session: SqlSession, assetId: number, derived: DerivedBatch): Promise<void> {
  await session.run(
    `insert into ${s}.merge_derived (asset_id, number, derived_number, reading, schema_id, columns, has_row_presence, failed_count) values ($1::integer, $2::integer, $3::integer, $4, $5, $6, $7, $8::bigint)`,
    [
      assetId,
      derived.number,
      derived.derivedNumber,
      derived.reading,
      derived.schemaId,
      JSON.stringify(derived.columns),
      derived.hasRowPresence,
      derived.failedCount,
    ],
  );
}
