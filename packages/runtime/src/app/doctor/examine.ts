import { isWatersmeetError } from "@watersmeet/core/errors";
import { sql } from "kysely";
import type { Config } from "../../config/config.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { StoreSet } from "../stores/store-set.ts";
import type { Examination } from "../watersmeet.ts";

/** Looks at the ledger's server and opens every store. What cannot be opened is told, not thrown. */
export async function examine(deps: {
  readonly config: Config;
  readonly db: LedgerDb;
  readonly stores: StoreSet;
}): Promise<Examination> {
  const { rows } = await sql<{ version: string; migration: string }>`
    select current_setting('server_version') as version,
      (select name from watersmeet.migration order by id desc limit 1) as migration`.execute(deps.db);
  const stores: Examination["stores"][number][] = [];
  for (const [name, { kind }] of Object.entries(deps.config.stores)) {
    stores.push({ name, kind, problem: await findStoreProblem(deps.stores, name) });
  }
  return { postgresVersion: rows[0]?.version ?? "", migration: rows[0]?.migration ?? "", stores };
}

async function findStoreProblem(stores: StoreSet, name: string): Promise<Examination["stores"][number]["problem"]> {
  try {
    await stores.get(name);
    return null;
  } catch (error) {
    if (!isWatersmeetError(error)) throw error;
    return { code: error.code, message: error.message, hint: error.hint ?? null };
  }
}
