import { sql } from "kysely";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import { fingerprintCode, nameVersion, type Code } from "../queue/deploy/asset-code.ts";

export interface Announcing {
  readonly workerId: () => string;
  readonly stores: () => ReadonlySet<string>;
  /** `undefined`: the worker takes whatever it is given. */
  readonly code: (() => Code) | undefined;
}

/** Tells the ledger what a worker can take, for whoever asks why a step waits, and which code it has, for runs that follow deployments. Writes when that has changed. */
export function createAnnouncer(db: LedgerDb, options: Announcing): () => Promise<void> {
  let told = "";
  let named: { readonly code: Code; readonly id: string } | null = null;
  const identify = (code: Code): string => {
    if (named?.code !== code) named = { code, id: fingerprintCode(code) };
    return named.id;
  };
  return async () => {
    const code = options.code?.();
    const codeId = code === undefined ? null : identify(code);
    const [id, stores] = [options.workerId(), [...options.stores()]];
    const now = JSON.stringify([id, stores, codeId]);
    if (now === told) return;
    if (codeId !== null) await declareRelease(db, codeId);
    await sql`
      update watersmeet.worker set stores = ${stores}::text[], code_versions = ${code === undefined ? null : renderVersions(code)}::jsonb,
        code_at = case when code_id is distinct from ${codeId}::text then now() else code_at end, code_id = ${codeId}
      where id = ${id}`.execute(db);
    told = now;
  };
}

/** What nobody has any more is forgotten when this much has come since: only the order of what live workers have counts. */
const keptReleases = 1000;

async function declareRelease(db: LedgerDb, codeId: string): Promise<void> {
  await sql`
    insert into watersmeet.release (code_id) select ${codeId}
    where not exists (select from watersmeet.release where code_id = ${codeId}) on conflict (code_id) do nothing`.execute(
    db,
  );
  await sql`
    delete from watersmeet.release
    where id <= (select max(id) from watersmeet.release) - ${keptReleases}
      and not exists (select from watersmeet.worker where worker.code_id = release.code_id)`.execute(db);
}

function renderVersions(code: Code): string {
  return JSON.stringify(Object.fromEntries([...code].map(([asset, version]) => [asset, nameVersion(version)])));
}
