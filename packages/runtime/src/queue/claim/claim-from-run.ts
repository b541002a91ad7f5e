import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { Limits } from "./limits/lock-limits.ts";
import type { ClaimableRun } from "./list-runs.ts";
import { takeReady, type HeldStep } from "./take-ready.ts";

export interface RunClaim {
  readonly run: ClaimableRun;
  readonly limits: Limits;
  readonly workerId: string;
  readonly stores: ReadonlySet<string>;
  readonly wanted: number;
  /** Counted down over all runs. */
  readonly suspects: { left: number };
}

/** Takes what one run may have now, lane by lane, best first over all lanes. */
export async function claimFromRun(tx: Transaction<LedgerDatabase>, claim: RunClaim): Promise<readonly HeldStep[]> {
  const { run, limits, workerId, stores } = claim;
  const wanted = Math.min(claim.wanted, limits.byRun.get(run.id) ?? Number.POSITIVE_INFINITY);
  const open = [...run.lanes.entries()].flatMap(([lane, { store, resource }]) => {
    const free = resource === null ? wanted : Math.min(wanted, limits.byResource.get(resource) ?? 0);
    return free > 0 && stores.has(store) ? [{ lane, limit: free, resource }] : [];
  });
  const held: HeldStep[] = [];
  for (const { lane, limit, resource } of await shareLanes(tx, { run, open, wanted })) {
    const take = { runId: run.id, lane, workerId };
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
