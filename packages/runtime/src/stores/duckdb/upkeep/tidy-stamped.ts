import { renderColumnNames } from "../../../exchange/quote.ts";
import { internalSchema as s, tableNames } from "../../catalog/names.ts";
import { numberOf, textOf, type SqlSession } from "../../sql-session.ts";
import { readColumns } from "../../stamped/stamped-catalog.ts";
import { openEnd, renderCreateStamped } from "../../stamped/stamped-table.ts";
import { duckdbDialect } from "../duckdb-dialect.ts";

/** When a table of stamped rows is written anew. */
export interface TidyTerms {
  /** Of 1,000 rows that stand side by side, how many may be closed ones among those of the latest versions. */
  readonly strayPerMille: number;
  /** Of 1,000 rows of the latest versions, how many may stand among more. */
  readonly slowedPerMille: number;
  /** Tables with fewer rows are read quickly in any case. */
  readonly leastRows: number;
}

/** DuckDB skips groups of so many rows by their least and greatest `_to`; rows of one that has both kinds are taken one by one. */
const groupRows = 122_880;

/**
 * Up to 4 % of closed rows make reading up to 1.15 times as long. To write a table anew takes a third of a full fold: what came last and was taken back leaves closed rows
 * that stand together, which slows nobody down.
 */
export const tidyTerms: TidyTerms = { strayPerMille: 40, slowedPerMille: 500, leastRows: groupRows };

interface Table {
  readonly assetId: number;
  readonly number: number;
  readonly isPartitioned: boolean;
  readonly columns: string;
}

/**
 * Sorts the rows of stamped tables: closed ones first, in row groups of their own that readers of the latest versions never look into. Within the session's
 * transaction, in which nothing is published. A table keeps its name, so that whatever was staged against it stays good. Answers how many tables were written.
 */
export async function tidyStamped(session: SqlSession, terms: TidyTerms): Promise<number> {
  let written = 0;
  for (const table of await listLargeTables(session, terms)) {
    if (!(await isUntidy(session, table, terms))) continue;
    await writeAnew(session, table);
    written += 1;
  }
  return written;
}

async function listLargeTables(session: SqlSession, { leastRows }: TidyTerms): Promise<readonly Table[]> {
  const rows = await session.run(
    `select st.asset_id, st.number, st.columns, a.is_partitioned from ${s}.stamped_table st
     join ${s}.asset a on a.asset_id = st.asset_id
     join duckdb_tables() t on t.database_name = current_database() and t.schema_name = '${s}' and t.table_name = 'a' || st.asset_id || '_stamped' || st.number
     where t.estimated_size >= ${leastRows} order by st.asset_id, st.number`,
  );
  return rows.map((row) => ({
    assetId: numberOf(row, "asset_id"),
    number: numberOf(row, "number"),
    isPartitioned: row["is_partitioned"] === "true",
    columns: textOf(row, "columns"),
  }));
}

/** Closed rows that were sorted before stand in front of all others. */
async function isUntidy(session: SqlSession, { assetId, number }: Table, terms: TidyTerms): Promise<boolean> {
  const name = tableNames.stamped(assetId, number);
  const first = `select min(rowid) from ${name} where _to = ${openEnd}`;
  const groups = `select count(*) filter (where _to = ${openEnd}) as open, count(*) filter (where _to <> ${openEnd} and rowid > (${first})) as strays from ${name} group by rowid // ${groupRows}`;
  const [counted] = await session.run(
    `select coalesce(sum(open), 0) as open, coalesce(sum(open) filter (where strays * 1000 > (open + strays) * ${terms.strayPerMille}), 0) as slowed from (${groups}) as counted`,
  );
  if (counted === undefined) return false;
  return numberOf(counted, "slowed") * 1000 > numberOf(counted, "open") * terms.slowedPerMille;
}

async function writeAnew(session: SqlSession, { assetId, columns, isPartitioned, number }: Table): Promise<void> {
  const name = tableNames.stamped(assetId, number);
  const fresh = `${s}."tidy_a${assetId}_${number}"`;
  const schema = readColumns(columns);
  const names = [...(isPartitioned ? ["_strand"] : []), "_from", "_to", renderColumnNames(schema.columns)].join(", ");
  await session.run(renderCreateStamped(duckdbDialect, { table: fresh, schema, isShared: isPartitioned }));
  // Two statements keep the order that rows stand in, without sorting them.
  for (const which of [`_to <> ${openEnd}`, `_to = ${openEnd}`])
    await session.run(`insert into ${fresh} (${names}) select ${names} from ${name} where ${which}`);
  await session.run(`drop table ${name}`);
  await session.run(`alter table ${fresh} rename to ${tableNames.stampedBare(assetId, number)}`);
}
