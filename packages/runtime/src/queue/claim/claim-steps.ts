import type { CutDecision } from "@watersmeet/core/merge";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { Lane, LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents, type NewEvent } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";

/** A step that a worker has claimed: the row as it stands, without its inputs. */
export interface HeldStep {
  readonly runId: RunId;
  readonly ordinal: number;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly lane: number;
  readonly reason: number;
  /** Fences every write. */
  readonly attempt: number;
  /** Workers that died with it. */
  readonly crashes: number;
  /** Of a merge that went on without some of its branches: why. */
  readonly decision?: CutDecision | null;
}

export interface ClaimRequest {
  readonly workerId: string;
  /** Stores that the worker can open. */
  readonly stores: ReadonlySet<string>;
  readonly limit: number;
  /**
   * Whether one of the steps may be a suspect: one with which a worker has died. A worker has one of them at a time, so that a step that takes workers down
   * is found out, and its neighbours are not counted out with it.
   */
  readonly maySuspect: boolean;
}

/** Live runs get four times the share of backfills while both have steps to run; what one leaves, the other takes. */
const shares: Readonly<Record<"run" | "backfill", number>> = { run: 4, backfill: 1 };

/**
 * Takes ready steps, oldest runs first within their shares, longest remaining path first within a run.
 * Read committed. Locks in one order, so that claimers cannot wait for each other in a circle: runs with a limit of their own by id, then resources by
 * name, then steps, skipping those that another claimer has.
 */
export async function claimSteps(db: LedgerDb, request: ClaimRequest): Promise<readonly HeldStep[]> {
  if (request.limit <= 0) return [];
  return db.transaction().execute(async (tx) => {
    const { held, events } = await claimIn(tx, request);
    await insertEvents(tx, events);
    return held;
  });
}

export interface Claimed {
  readonly held: readonly HeldStep[];
  /** To be inserted as the last statement of the transaction. */
  readonly events: readonly NewEvent[];
}

/** The same within a transaction. One that holds locks of runs may claim from those runs alone: others would be locked out of order. */
export async function claimIn(
  tx: Transaction<LedgerDatabase>,
  request: ClaimRequest,
  from?: readonly RunId[],
): Promise<Claimed> {
  const runs = (await listClaimableRuns(tx)).filter((run) => from === undefined || from.includes(run.id));
  if (runs.length === 0) return { held: [], events: [] };
  const limits = await lockLimits(tx, runs);
  const held: HeldStep[] = [];
  const suspects = { left: request.maySuspect ? 1 : 0 };
  for (const pass of ["share", "rest"] as const) {
    for (const run of runs) {
      const free = request.limit - held.length;
      const wanted = pass === "rest" ? free : Math.min(free, shareOf(run, runs, request.limit));
      held.push(...(await claimFromRun(tx, { run, limits, request, wanted, suspects })));
    }
    if (held.length >= request.limit || runs.length === 1) break;
  }
  return { held, events: await recordClaims(tx, { runs, held, workerId: request.workerId }) };
}

interface ClaimableRun {
  readonly id: RunId;
  readonly kind: "run" | "backfill";
  readonly state: "queued" | "running";
  readonly max_parallel: number | null;
  readonly lanes: readonly Lane[];
  readonly has_suspects: boolean;
}

async function listClaimableRuns(tx: Transaction<LedgerDatabase>): Promise<readonly ClaimableRun[]> {
  const { rows } = await sql<ClaimableRun>`
    select id, kind, state, max_parallel, lanes,
      exists (select from watersmeet.step where step.run_id = run.id and step.state = 'ready' and step.crashes > 0) as has_suspects
    from watersmeet.run
    where state < 'succeeded' and state in ('queued', 'running')
      and exists (select from watersmeet.step where step.run_id = run.id and step.state = 'ready'
        and (step.not_before is null or step.not_before <= now()))
    order by kind desc, id`.execute(tx);
  return rows;
}

function shareOf(run: ClaimableRun, runs: readonly ClaimableRun[], limit: number): number {
  const total = runs.reduce((sum, each) => sum + shares[each.kind], 0);
  return Math.max(1, Math.floor((limit * shares[run.kind]) / total));
}

/** What may still be taken; counted down while claiming. */
interface Limits {
  readonly byRun: Map<RunId, number>;
  readonly byResource: Map<string, number>;
}

async function lockLimits(tx: Transaction<LedgerDatabase>, runs: readonly ClaimableRun[]): Promise<Limits> {
  const byRun = new Map<RunId, number>();
  const limited = runs.filter((run) => run.max_parallel !== null);
  if (limited.length > 0) {
    await sql`select from watersmeet.run where id = any(${limited.map((run) => run.id)}::bigint[]) order by id for update`.execute(
      tx,
    );
    for (const run of limited) byRun.set(run.id, (run.max_parallel ?? 0) - (await countRunning(tx, run.id)));
  }
  const resources = new Set(runs.flatMap((run) => run.lanes.flatMap((lane) => lane.resource ?? [])));
  const byResource = resources.size === 0 ? new Map<string, number>() : await lockResources(tx, [...resources]);
  return { byRun, byResource };
}

async function countRunning(tx: Transaction<LedgerDatabase>, runId: RunId): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from watersmeet.step where run_id = ${runId} and state = 'running'`.execute(tx);
  return rows[0]?.count ?? 0;
}

async function lockResources(tx: Transaction<LedgerDatabase>, names: readonly string[]): Promise<Map<string, number>> {
  await sql`select from watersmeet.resource where name = any(${[...names]}::text[]) order by name for no key update`.execute(
    tx,
  );
  // A statement of its own: it must see leases that were committed while the lock was waited for.
  const { rows } = await sql<{ name: string; free: number }>`
    select name, concurrency - coalesce((select sum(weight) from watersmeet.resource_lease where resource = name), 0)::int as free
    from watersmeet.resource where name = any(${[...names]}::text[])`.execute(tx);
  return new Map(rows.map((row) => [row.name, row.free]));
}

interface ClaimPart {
  readonly run: ClaimableRun;
  readonly limits: Limits;
  readonly request: ClaimRequest;
  readonly wanted: number;
  /** Counted down over all runs. */
  readonly suspects: { left: number };
}

async function claimFromRun(tx: Transaction<LedgerDatabase>, claim: ClaimPart): Promise<readonly HeldStep[]> {
  const { run, limits, request } = claim;
  const wanted = Math.min(claim.wanted, limits.byRun.get(run.id) ?? Number.POSITIVE_INFINITY);
  const open = [...run.lanes.entries()].flatMap(([lane, { store, resource }]) => {
    const free = resource === null ? wanted : Math.min(wanted, limits.byResource.get(resource) ?? 0);
    return free > 0 && request.stores.has(store) ? [{ lane, limit: free, resource }] : [];
  });
  const held: HeldStep[] = [];
  for (const { lane, limit, resource } of await shareLanes(tx, { run, open, wanted })) {
    const take = { runId: run.id, lane, workerId: request.workerId };
    const suspects =
      run.has_suspects && claim.suspects.left > 0 ? await takeReady(tx, { ...take, limit: 1, suspects: true }) : [];
    claim.suspects.left -= suspects.length;
    const others =
      limit > suspects.length ? await takeReady(tx, { ...take, limit: limit - suspects.length, suspects: false }) : [];
    const taken = [...suspects, ...others];
    if (resource !== null) limits.byResource.set(resource, (limits.byResource.get(resource) ?? 0) - taken.length);
    held.push(...taken);
  }
  if (limits.byRun.has(run.id)) limits.byRun.set(run.id, (limits.byRun.get(run.id) ?? 0) - held.length);
  return held;
}

interface OpenLane {
  readonly lane: number;
  readonly limit: number;
  readonly resource: string | null;
}

/** How many steps to take from each lane, so that priority holds across lanes. Looks without locking: what another claimer takes meanwhile is left out. */
async function shareLanes(
  tx: Transaction<LedgerDatabase>,
  options: { readonly run: ClaimableRun; readonly open: readonly OpenLane[]; readonly wanted: number },
): Promise<readonly OpenLane[]> {
  const { run, open, wanted } = options;
  if (open.length <= 1) return open;
  const { rows } = await sql<{ lane: number; count: number }>`
    select lane, count(*)::int as count from (
      select open_lane.lane from unnest(${open.map((each) => each.lane)}::smallint[], ${open.map((each) => each.limit)}::integer[])
        as open_lane (lane, lane_limit)
      cross join lateral (
        select priority, ordinal from watersmeet.step
        where run_id = ${run.id} and lane = open_lane.lane and state = 'ready' and (not_before is null or not_before <= now())
        order by priority desc, ordinal limit open_lane.lane_limit) as candidate
      order by candidate.priority desc, candidate.ordinal limit ${wanted}) as best
    group by lane`.execute(tx);
  return open.flatMap((each) => {
    const count = rows.find((row) => row.lane === each.lane)?.count ?? 0;
    return count === 0 ? [] : [{ ...each, limit: count }];
  });
}

/** `= any(array(…))` keeps the plan an index scan of the ready steps; a join with a common table expression turns into a scan of the table (measured). */
async function takeReady(
  tx: Transaction<LedgerDatabase>,
  take: {
    readonly runId: RunId;
    readonly lane: number;
    readonly limit: number;
    readonly workerId: string;
    readonly suspects: boolean;
  },
): Promise<readonly HeldStep[]> {
  const { rows } = await sql<HeldStep>`
    update watersmeet.step
    set state = 'running', attempt = attempt + 1, worker_id = ${take.workerId}, started_at = now(), not_before = null, progress = null
    where ctid = any(array(
      select ctid from watersmeet.step
      where run_id = ${take.runId} and lane = ${take.lane} and state = 'ready' and (not_before is null or not_before <= now())
        and (crashes > 0) = ${take.suspects}
      order by priority desc, ordinal limit ${take.limit} for update skip locked))
    returning run_id as "runId", ordinal, asset, partition, lane, reason, attempt, crashes, decision`.execute(tx);
  return rows;
}

async function recordClaims(
  tx: Transaction<LedgerDatabase>,
  claims: { readonly runs: readonly ClaimableRun[]; readonly held: readonly HeldStep[]; readonly workerId: string },
): Promise<readonly NewEvent[]> {
  if (claims.held.length === 0) return [];
  const leased = claims.held.flatMap((step) => {
    const resource = claims.runs.find((run) => run.id === step.runId)?.lanes[step.lane]?.resource ?? null;
    return resource === null
      ? []
      : [{ resource, run_id: step.runId, ordinal: step.ordinal, worker_id: claims.workerId }];
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

function describeClaims(held: readonly HeldStep[]): readonly NewEvent[] {
  const groups = Map.groupBy(held, (step) => `${step.runId} ${step.asset}`);
  return [...groups.values()].flatMap((steps): readonly NewEvent[] => {
    const first = steps[0];
    if (first === undefined) return [];
    const single = steps.length === 1 ? { partition: first.partition } : {};
    return [{ kind: "step:started", runId: first.runId, asset: first.asset, ...single, body: { count: steps.length } }];
  });
}
