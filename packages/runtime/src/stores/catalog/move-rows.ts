import type { RowSchema } from "@watersmeet/core/schema";
import { renderColumnNames } from "../../exchange/quote.ts";
import { renderLiteralVersions } from "../render-reading.ts";
import type { SqlSession } from "../sql-session.ts";
import { tableNames } from "./names.ts";

/** Rows of one attempt: those of a table, or those with a staging number in a table that attempts share. */
export interface StagedRows {
  /** Quoted and qualified. */
  readonly table: string;
  /** `null`: the whole table is the attempt's. */
  readonly stagingId: number | null;
  readonly schema: RowSchema;
}

/** How the rows of one partitioned asset move in a transaction. */
export interface RowMoves {
  readonly assetId: number;
  /** Versions that leave the table of readers. */
  readonly superseded: readonly number[];
  /** Versions that come back to it. */
  readonly restored: readonly number[];
  readonly staged: readonly { readonly rows: StagedRows; readonly version: number; readonly isServed: boolean }[];
}

/** Moves rows between staging, `live` and `hist`, set-wise: the number of statements does not depend on the number of partitions. */
export async function moveRows(session: SqlSession, moves: RowMoves): Promise<void> {
  const live = tableNames.live(moves.assetId);
  const hist = tableNames.hist(moves.assetId);
  await moveVersions(session, { from: live, to: hist, versions: moves.superseded });
  await moveVersions(session, { from: hist, to: live, versions: moves.restored });
  for (const isServed of [true, false]) {
    const staged = moves.staged.filter((one) => one.isServed === isServed);
    for (const group of Map.groupBy(staged, (one) => one.rows.table).values()) {
      await insertStaged(session, isServed ? live : hist, group);
    }
  }
}

async function moveVersions(
  session: SqlSession,
  move: { readonly from: string; readonly to: string; readonly versions: readonly number[] },
): Promise<void> {
  if (move.versions.length === 0) return;
  const condition = renderLiteralVersions(move.versions);
  await session.run(`insert into ${move.to} select * from ${move.from} where ${condition}`);
  await session.run(`delete from ${move.from} where ${condition}`);
}

async function insertStaged(session: SqlSession, target: string, staged: RowMoves["staged"]): Promise<void> {
  const [first] = staged;
  if (first === undefined) return;
  const names = renderColumnNames(first.rows.schema.columns);
  const source = first.rows.table;
  if (staged.length === 1) {
    const condition = first.rows.stagingId === null ? "" : ` where _sid = ${first.rows.stagingId}`;
    await session.run(
      `insert into ${target} (_vid, ${names}) select ${first.version}, ${names} from ${source}${condition}`,
    );
    return;
  }
  const qualified = first.rows.schema.columns.map((column) => `s.${renderColumnNames([column])}`).join(", ");
  await session.run(
    `insert into ${target} (_vid, ${names}) select m.version, ${qualified} from ${source} s join (select unnest($1::integer[]) as sid, unnest($2::integer[]) as version) m on m.sid = s._sid`,
    [staged.map((one) => one.rows.stagingId), staged.map((one) => one.version)],
  );
}
