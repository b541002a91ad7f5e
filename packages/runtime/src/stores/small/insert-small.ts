import type { Row, RowSchema } from "@watersmeet/core/schema";
import { quoteIdentifier, renderColumnNames } from "../../exchange/quote.ts";
import { tableNames } from "../catalog/names.ts";
import type { NewVersion } from "../commit/decide-commits.ts";
import type { Dialect } from "../dialect.ts";
import type { SqlSession, SqlValue } from "../sql-session.ts";
import { textOfCell } from "./render-small.ts";

/** A version whose rows are in memory. */
interface SmallVersion {
  readonly version: number;
  readonly schema: RowSchema;
  readonly rows: readonly Row[];
}

/** Those of the versions whose rows are in memory. */
export function listSmall(versions: readonly NewVersion[]): readonly (NewVersion & SmallVersion)[] {
  return versions.flatMap(({ request, version }) => {
    const { rows, target } = request.staged;
    return rows === undefined ? [] : [{ request, version, rows, schema: target.asset.schema }];
  });
}

/** Rows of any number of versions into a table of all versions, with one statement. */
export async function insertSmall(
  session: SqlSession,
  dialect: Dialect,
  { table, versions }: { readonly table: string; readonly versions: readonly SmallVersion[] },
): Promise<void> {
  // Attempts of one asset have one schema, unless the project was changed while they ran.
  const groups = Map.groupBy(versions, ({ schema }) => renderColumnNames(schema.columns));
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const rows = group.flatMap((small) => small.rows);
    const numbers = group.flatMap(({ version, rows: { length } }) => Array.from({ length }, () => version));
    await insertRows(session, dialect, { table, schema: first.schema, rows, numbers });
  }
}

/** A table of its own for the rows of one version. */
export async function createSmall(
  session: SqlSession,
  dialect: Dialect,
  { assetId, version, schema, rows }: SmallVersion & { readonly assetId: number },
): Promise<void> {
  const table = tableNames.version(assetId, version);
  const columns = schema.columns.map(({ name, type }) => `${quoteIdentifier(name)} ${dialect.renderType(type)}`);
  await session.run(`create table ${table} (${columns.join(", ")})`);
  await insertRows(session, dialect, { table, schema, rows, numbers: null });
}

async function insertRows(
  session: SqlSession,
  dialect: Dialect,
  {
    table,
    schema: { columns },
    rows,
    numbers,
  }: {
    readonly table: string;
    readonly schema: RowSchema;
    readonly rows: readonly Row[];
    /** Of the row's version, for tables of all versions. */
    readonly numbers: readonly number[] | null;
  },
): Promise<void> {
  if (rows.length === 0) return;
  const head = numbers === null ? "" : "_vid, ";
  const parameters: SqlValue[] = numbers === null ? [] : [numbers];
  const selected = numbers === null ? [] : ["unnest($1::integer[])"];
  for (const column of columns) {
    parameters.push(rows.map((row) => textOfCell(column, row)));
    selected.push(`unnest($${parameters.length}::varchar[])::${dialect.renderType(column.type)}`);
  }
  await session.run(
    `insert into ${table} (${head}${renderColumnNames(columns)}) select ${selected.join(", ")}`,
    parameters,
  );
}
