import type { ResourceUse } from "@watersmeet/core";
import type { AssetKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { endWaits, isHeavy, noteWaits } from "./limits/lane-waits.ts";
import type { Limits } from "./limits/lock-limits.ts";
import { countFitting, takeRoom } from "./limits/room.ts";
import type { ClaimableRun } from "./list-runs.ts";
import type { SuspectCount } from "./suspects.ts";
import { takeReady, type HeldStep } from "./take-ready.ts";

export interface RunClaim {
  readonly run: ClaimableRun;
  readonly limits: Limits;
  readonly workerId: string;
  readonly stores: ReadonlySet<string>;
  readonly wanted: number;
  /** Counted down over all runs. */
  readonly suspects: SuspectCount;
  /** Assets of the run that the worker has other code of. */
  readonly foreign: readonly AssetKey[];
}

/** Takes what one run may have now, lane by lane, best first over all lanes. */
export async function claimFromRun(tx: Transaction<LedgerDatabase>, claim: RunClaim): Promise<readonly HeldStep[]> {
  const { run, limits, workerId } = claim;
  const wanted = Math.min(claim.wanted, limits.byRun.get(run.id) ?? Number.POSITIVE_INFINITY);
  if (wanted <= 0) return [];
  const held: HeldStep[] = [];
  const served: number[] = [];
  for (const { lane, limit, resources } of await shareLanes(tx, { run, open: listOpenLanes(claim, wanted), wanted })) {
    // Two lanes may use the same resource: what the one has taken, the other has not.
    const most = Math.min(limit, wanted - held.length, countFitting(limits.rooms, resources));
    const taken = await takeFromLane(tx, { runId: run.id, lane, workerId, limit: most }, claim);
    takeRoom(limits.rooms, resources, taken.length);
    const begin = limits.budgets.get(run.id);
    if (begin?.has(lane) === true) begin.set(lane, countBegin(limits, run, lane) - taken.length);
    if (taken.length > 0 && isHeavy({ resources })) served.push(lane);
    held.push(...taken);
  }
  if (limits.byRun.has(run.id)) limits.byRun.set(run.id, (limits.byRun.get(run.id) ?? 0) - held.length);
  if (limits.rooms.size > 0) await keepWaits(tx, claim, served);
  return held;
}

interface OpenLane {
  readonly lane: number;
  readonly limit: number;
  readonly resources: readonly ResourceUse[];
}

/** Lanes whose store the worker can open, whose resources have room, and whose budget is not used up. */
function listOpenLanes({ run, limits, stores }: RunClaim, wanted: number): readonly OpenLane[] {
  return [...run.lanes.entries()].flatMap(([lane, { store, resources }]) => {
    if (!stores.has(store) || isKept(limits, { runId: run.id, lane, resources })) return [];
    const limit = Math.min(wanted, countFitting(limits.rooms, resources), countBegin(limits, run, lane));
    return limit > 0 ? [{ lane, limit, resources }] : [];
  });
}

/** What the budget of a lane lets begin. */
function countBegin({ budgets }: Limits, run: ClaimableRun, lane: number): number {
  return budgets.get(run.id)?.get(lane) ?? Number.POSITIVE_INFINITY;
}

/** Whether something that the lane needs is kept for another one. */
function isKept(
  { reservation }: Limits,
  lane: { readonly runId: string; readonly lane: number; readonly resources: readonly ResourceUse[] },
): boolean {
  if (reservation === null) return false;
  const isIts = reservation.runId === lane.runId && reservation.lane === lane.lane;
  return !isIts && lane.resources.some((use) => reservation.names.has(use.name));
}

async function takeFromLane(
  tx: Transaction<LedgerDatabase>,
  take: {
    readonly runId: ClaimableRun["id"];
    readonly lane: number;
    readonly workerId: string;
    readonly limit: number;
  },
  claim: RunClaim,
): Promise<readonly HeldStep[]> {
  if (take.limit <= 0) return [];
  const held: HeldStep[] = [];
  const { foreign } = claim;
  if (claim.run.has_suspects) {
    for (const crashes of ["again", "once"] as const) {
      const limit = Math.min(take.limit - held.length, claim.suspects.left[crashes]);
      const taken = limit > 0 ? await takeReady(tx, { ...take, limit, crashes, foreign }) : [];
      claim.suspects.took(crashes, taken.length);
      held.push(...taken);
    }
  }
  const limit = take.limit - held.length;
  const others = limit > 0 ? await takeReady(tx, { ...take, limit, crashes: "none", foreign }) : [];
  return [...held, ...others];
}

/** Lanes that need several units at once, and found some but not all of them, are noted, so that they are not overtaken for ever. */
async function keepWaits(tx: Transaction<LedgerDatabase>, claim: RunClaim, served: readonly number[]): Promise<void> {
  const { run, limits, stores } = claim;
  const short = [...run.lanes.entries()].filter(
    ([lane, each]) =>
      isHeavy(each) &&
      stores.has(each.store) &&
      !served.includes(lane) &&
      countBegin(limits, run, lane) > 0 &&
      countFitting(limits.rooms, each.resources) === 0 &&
      each.resources.every((use) => limits.rooms.get(use.name)?.isOpen === true),
  );
  await noteWaits(
    tx,
    run.id,
    short.map(([lane]) => lane),
  );
  await endWaits(tx, run.id, served);
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
