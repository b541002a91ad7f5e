import { canonicalKey, keyColumns } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import { quoteIdentifier } from "../../../exchange/quote.ts";
import type { MergeAccess } from "../../merge-seam.ts";
import type { MergeArchive } from "../../port/merge-records.ts";
import { toSqlValue, type SqlSession } from "../../sql-session.ts";
import type { MergeDialect } from "../merge-dialect.ts";
import { readCells, renderCellText } from "./read-cells.ts";

/** Rows that a version has of one key: one, where its policy keeps one. */
export async function readRowsOfKey(
  session: SqlSession,
  { dialect, access }: { readonly dialect: MergeDialect; readonly access: MergeAccess },
  { asset, key, partition, version }: Parameters<MergeArchive["readRows"]>[0],
): Promise<readonly Row[]> {
  const { columns } = asset.schema;
  const own = keyColumns(asset.schema, Object.keys(key));
  const canonical = canonicalKey(own, key);
  if (canonical.kind === "fault") return [];
  const select = await access.renderVersions(session, { asset, versions: [{ partition, version }] });
  const cells = columns.map(
    ({ name, type }, index) => `${renderCellText(dialect, type, quoteIdentifier(name))} as c${index}`,
  );
  const conditions = own.map(
    ({ name, type }, index) => `${quoteIdentifier(name)} = $${index + 1}::${dialect.store.renderType(type)}`,
  );
  const rows = await session.run(
    `select ${cells.join(", ")} from (${select}) as v where ${conditions.join(" and ")}`,
    own.map(({ name }) => toSqlValue(canonical.cells[name])),
  );
  return rows.map((row) => readCells(columns, row, () => true));
}
