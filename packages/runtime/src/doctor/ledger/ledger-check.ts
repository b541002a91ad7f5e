import { sql, type RawBuilder, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { violation, type Violation, type ViolationCode } from "../violations.ts";

/** A question that one statement answers: each row is a violation. Columns that do not apply are left out. */
export interface LedgerCheck {
  readonly code: ViolationCode;
  readonly query: RawBuilder<ViolationRow>;
}

export interface ViolationRow {
  readonly run?: string | null;
  readonly ordinal?: number | null;
  readonly asset?: string | null;
  readonly partition?: string | null;
  readonly environment?: string | null;
  readonly store?: string | null;
  readonly worker?: string | null;
  readonly message: string;
}

/** More of one kind than anybody would read. */
const maxOfOneKind = 50;

export async function runLedgerCheck(
  tx: Transaction<LedgerDatabase>,
  { code, query }: LedgerCheck,
): Promise<readonly Violation[]> {
  const { rows } = await sql<ViolationRow>`select * from (${query}) as found limit ${maxOfOneKind}`.execute(tx);
  return rows.map(({ message, ...place }) => violation(code, dropNulls(place), message));
}

function dropNulls(place: Omit<ViolationRow, "message">): Violation["place"] {
  return Object.fromEntries(Object.entries(place).filter(([, value]) => value !== null));
}
