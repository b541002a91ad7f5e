import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { NewEvent } from "../../ledger/events.ts";
import type { RunId } from "../../ledger/records.ts";
import { unitsOf, type Rooms } from "./limits/room.ts";
import type { ClaimableRun } from "./list-runs.ts";
import type { HeldStep } from "./take-ready.ts";

/** What was claimed is on record: leases, runs that have begun; gives the events, to be inserted last. */
export async function recordClaims(
  tx: Transaction<LedgerDatabase>,
  claims: {
    readonly runs: readonly ClaimableRun[];
    readonly held: readonly HeldStep[];
    readonly workerId: string;
    readonly rooms: Rooms;
  },
): Promise<readonly NewEvent[]> {
  if (claims.held.length === 0) return [];
  const lanes = new Map(claims.runs.map((run) => [run.id, run.lanes]));
  const leased = claims.held.flatMap((step) => {
    const uses = lanes.get(step.runId)?.[step.lane]?.resources ?? [];
    return uses.flatMap((use) => {
      const room = claims.rooms.get(use.name);
      if (room === undefined) return [];
      const { runId: run_id, ordinal } = step;
      return [
        {
          resource: use.name,
          run_id,
          ordinal,
          worker_id: claims.workerId,
          weight: unitsOf(room, use),
          is_probe: room.isProbe,
        },
      ];
    });
  });
  if (leased.length > 0) await tx.insertInto("resource_lease").values(leased).execute();
  const started = await startRuns(tx, claims);
  return [...started.map((runId) => ({ kind: "run:started", runId, body: {} })), ...describeClaims(claims.held)];
}

async function startRuns(
  tx: Transaction<LedgerDatabase>,
  claims: { readonly runs: readonly ClaimableRun[]; readonly held: readonly HeldStep[] },
): Promise<readonly RunId[]> {
  const touched = new Set(claims.held.map((step) => step.runId));
  const queued = claims.runs.filter((run) => run.state === "queued" && touched.has(run.id)).map((run) => run.id);
  if (queued.length === 0) return [];
  const { rows } = await sql<{ id: RunId }>`
    update watersmeet.run set state = 'running', started_at = coalesce(started_at, now())
    where id = any(${queued}::bigint[]) and state = 'queued' returning id`.execute(tx);
  return rows.map((row) => row.id);
}

/** One event per run and asset, however many steps; the partition is named when there is one. */
export function describeClaims(held: readonly HeldStep[]): readonly NewEvent[] {
  const groups = Map.groupBy(held, (step) => `${step.runId} ${step.asset}`);
  return [...groups.values()].flatMap((steps): readonly NewEvent[] => {
    const first = steps[0];
    if (first === undefined) return [];
    const single = steps.length === 1 ? { partition: first.partition } : {};
    return [{ kind: "step:started", runId: first.runId, asset: first.asset, ...single, body: { count: steps.length } }];
  });
}
