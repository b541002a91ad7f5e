import { sql } from "kysely";
import type { LedgerDb } from "../ledger/open-ledger.ts";

export interface Announcing {
  readonly workerId: () => string;
  readonly stores: () => ReadonlySet<string>;
  /** By asset; `undefined`: the worker takes whatever it is given. */
  readonly codeVersions: (() => ReadonlyMap<string, string>) | undefined;
}

/** Tells the ledger what a worker can take, for whoever asks why a step waits. Writes when that has changed. */
export function createAnnouncer(db: LedgerDb, options: Announcing): () => Promise<void> {
  let told = "";
  return async () => {
    const versions = options.codeVersions?.();
    const code = versions === undefined ? null : JSON.stringify(Object.fromEntries(versions));
    const [id, stores] = [options.workerId(), [...options.stores()]];
    const now = JSON.stringify([id, stores, code]);
    if (now === told) return;
    await sql`
      update watersmeet.worker set stores = ${stores}::text[], code_versions = ${code}::jsonb where id = ${id}`.execute(
      db,
    );
    told = now;
  };
}
