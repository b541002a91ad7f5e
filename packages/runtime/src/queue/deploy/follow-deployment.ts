import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { OnDeploy, RunId } from "../../ledger/records.ts";
import { cancelLocked } from "../control-run.ts";
import { skipRevision } from "../counters/flush-log.ts";
import type { Code } from "./asset-code.ts";
import { decideUpgrade, describeAbort, listOverrun, type CodeChange, type OpenAsset } from "./decide-deployment.ts";

export interface Deployed {
  readonly workerId: string;
  readonly code: Code;
}

/**
 * Carries out the policy of each live run that the code of this worker is new to. The worker's code counts as deployed for a run when
 *
 * - it was declared after the run was submitted, or last pinned: code that was there before is no news; and
 * - no live worker has code that was first declared later: of a deployment that goes on, the newer half decides, whatever starts again. Code that is deployed
 *   a second time, to go back to it, decides as soon as no worker has the newer one.
 *
 * Looks without locking and again with the run's row locked, so that of several new workers one does it. Gives the runs that were changed.
 */
export async function followDeployment(db: LedgerDb, deployed: Deployed): Promise<readonly RunId[]> {
  const changed: RunId[] = [];
  for (const id of await listRunsWithNews(db, deployed.workerId)) {
    if (await db.transaction().execute((tx) => applyTo(tx, id, deployed))) changed.push(id);
  }
  return changed;
}

async function listRunsWithNews(db: LedgerDb, workerId: string): Promise<readonly RunId[]> {
  const { rows } = await sql<{ id: RunId }>`
    select run.id from watersmeet.run join watersmeet.worker on worker.id = ${workerId} and worker.code_at > run.code_as_of
    where run.state < 'succeeded' and run.state <> 'cancelling' and run.on_deploy <> 'pin'
      and worker.code_id = (
        select release.code_id from watersmeet.release join watersmeet.worker as live on live.code_id = release.code_id
        order by release.id desc limit 1)
    order by run.id`.execute(db);
  return rows.map((row) => row.id);
}

async function applyTo(tx: Transaction<LedgerDatabase>, id: RunId, deployed: Deployed): Promise<boolean> {
  if (!isConcerned(await listOpenAssets(tx, id), deployed.code)) return false;
  const { rows } = await sql<{ onDeploy: OnDeploy }>`
    select on_deploy as "onDeploy" from watersmeet.run
    where id = ${id} and state < 'succeeded' and state <> 'cancelling'
      and code_as_of < (select code_at from watersmeet.worker where id = ${deployed.workerId}) for update`.execute(tx);
  const onDeploy = rows[0]?.onDeploy ?? "pin";
  const assets = await listOpenAssets(tx, id);
  if (onDeploy === "upgrade") return pinAnew(tx, { id, changes: decideUpgrade(assets, deployed.code), deployed });
  if (onDeploy === "abort") return abort(tx, { id, assets, deployed });
  return false;
}

function isConcerned(assets: readonly OpenAsset[], code: Code): boolean {
  return decideUpgrade(assets, code).length > 0 || listOverrun(assets, code).length > 0;
}

async function listOpenAssets(tx: Transaction<LedgerDatabase>, id: RunId): Promise<readonly OpenAsset[]> {
  const { rows } = await sql<OpenAsset>`
    select position, asset, code_version as "codeVersion", schema_version as "schemaVersion", layout, refusal ->> 'code' as refusal,
      open_count - (select count(*)::integer from watersmeet.step
        where step.run_id = run_asset.run_id and step.asset = run_asset.asset and step.state = 'running') as "idleCount"
    from watersmeet.run_asset where run_id = ${id} and open_count > 0 order by position`.execute(tx);
  return rows;
}

async function pinAnew(
  tx: Transaction<LedgerDatabase>,
  pin: { readonly id: RunId; readonly changes: readonly CodeChange[]; readonly deployed: Deployed },
): Promise<boolean> {
  const { id, changes } = pin;
  if (changes.length === 0) return false;
  await sql`
    update watersmeet.run_asset set code_version = pin.code_version, schema_version = pin.schema_version, refusal = pin.refusal
    from unnest(
      ${changes.map(({ position }) => position)}::integer[],
      ${changes.map(({ to }) => to.codeVersion)}::text[],
      ${changes.map(({ to }) => to.schemaVersion)}::text[],
      ${changes.map(({ refusal }) => (refusal === null ? null : JSON.stringify(refusal)))}::jsonb[])
      as pin (position, code_version, schema_version, refusal)
    where run_asset.run_id = ${id} and run_asset.position = pin.position`.execute(tx);
  await sql`
    update watersmeet.run set code_revision = code_revision + 1, code_as_of = clock_timestamp() where id = ${id}`.execute(
    tx,
  );
  // Whoever records ends of the run without looking at it, by what was planned, is refused once and looks.
  await skipRevision(tx, id);
  await insertEvents(
    tx,
    changes.map(({ asset, from, to, refusal }) => ({
      kind: "run:repinned",
      runId: id,
      asset,
      body: { from, to: refusal === null ? to : null, refusal: refusal?.code ?? null, worker: pin.deployed.workerId },
    })),
  );
  return true;
}

async function abort(
  tx: Transaction<LedgerDatabase>,
  run: { readonly id: RunId; readonly assets: readonly OpenAsset[]; readonly deployed: Deployed },
): Promise<boolean> {
  const overrun = listOverrun(run.assets, run.deployed.code);
  if (overrun.length === 0) return false;
  await cancelLocked(tx, { id: run.id, by: "watersmeet", failure: describeAbort(overrun, run.deployed.workerId) });
  return true;
}
