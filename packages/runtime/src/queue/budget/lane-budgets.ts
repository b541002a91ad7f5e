import type { AssetKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { RunId } from "../../ledger/records.ts";
import type { ClaimableRun } from "../claim/list-runs.ts";
import type { StoredShape } from "../shape/shape-cache.ts";
import { countBegin, type BudgetState } from "./decide-budget.ts";

/** The budget of a lane as it stands. */
export interface LaneState extends BudgetState {
  readonly lane: number;
  readonly asset: AssetKey;
}

/** What came to wait in a lane, and what waits no more. */
export interface LaneChange {
  readonly madeBytes: number;
  readonly madeCount: number;
  readonly readBytes: number;
}

/** Puts the changes down and gives all lanes of the run that have anything on record. */
export async function listBudgets(
  tx: Transaction<LedgerDatabase>,
  { runId, shape }: { readonly runId: RunId; readonly shape: StoredShape },
  changes: ReadonlyMap<number, LaneChange>,
): Promise<readonly LaneState[]> {
  const budgets = new Map(shape.budgets.map((each) => [each.lane, each]));
  const bytesOf = (lane: number): number => budgets.get(lane)?.bytes ?? Number.MAX_SAFE_INTEGER;
  const lanes = [...changes.keys()];
  const moved = [...changes.values()];
  const [, { rows }] = await Promise.all([
    lanes.length === 0
      ? undefined
      : sql`
        insert into watersmeet.lane_budget (run_id, lane, allowed_bytes, staged_bytes, made_bytes, made_count)
        select ${runId}, * from unnest(
          ${lanes}::smallint[], ${lanes.map(bytesOf)}::bigint[], ${moved.map((each) => each.madeBytes - each.readBytes)}::bigint[],
          ${moved.map((each) => each.madeBytes)}::bigint[], ${moved.map((each) => each.madeCount)}::integer[])
        on conflict (run_id, lane) do update set staged_bytes = lane_budget.staged_bytes + excluded.staged_bytes,
          made_bytes = lane_budget.made_bytes + excluded.made_bytes, made_count = lane_budget.made_count + excluded.made_count`.execute(
          tx,
        ),
    sql<Omit<LaneState, "asset" | "budgetBytes">>`
      select lane, staged_bytes::float8 as "stagedBytes", allowed_bytes::float8 as "allowedBytes", is_paused as "isPaused"
      from watersmeet.lane_budget where run_id = ${runId} order by lane`.execute(tx),
  ]);
  return rows.flatMap((row) => {
    const asset = shape.assets[budgets.get(row.lane)?.position ?? -1];
    return asset === undefined ? [] : [{ ...row, asset: asset.key, budgetBytes: bytesOf(row.lane) }];
  });
}

/** Without what waits, which was written before. */
export async function writeBudgets(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  lanes: readonly LaneState[],
): Promise<void> {
  await sql`
    update watersmeet.lane_budget set allowed_bytes = moved.allowed_bytes, is_paused = moved.is_paused
    from unnest(
      ${lanes.map((each) => each.lane)}::smallint[], ${lanes.map((each) => each.allowedBytes)}::bigint[], ${lanes.map((each) => each.isPaused)}::boolean[])
      as moved (lane, allowed_bytes, is_paused)
    where lane_budget.run_id = ${runId} and lane_budget.lane = moved.lane`.execute(tx);
}

/** How many more steps may be begun, by lane; those without a budget are not in it. Counted down while claiming. */
export type BudgetRooms = ReadonlyMap<RunId, Map<number, number>>;

/** Looks without locking: two who claim at once may both begin the last step. Free for runs without budgets. */
export async function readBudgetRooms(
  tx: Transaction<LedgerDatabase>,
  runs: readonly Pick<ClaimableRun, "id" | "lanes">[],
): Promise<BudgetRooms> {
  const bounded = runs.filter((run) => run.lanes.some((lane) => lane.budget !== undefined));
  if (bounded.length === 0) return new Map();
  const rows = await readLanes(
    tx,
    bounded.map((run) => run.id),
  );
  const found = new Map(rows.map((row) => [keyOf(row.runId, row.lane), row]));
  return new Map(
    bounded.map(({ id, lanes }) => {
      const rooms = lanes.flatMap(({ budget }, lane) => {
        if (budget === undefined) return [];
        const { allowedBytes, ...row } = found.get(keyOf(id, lane)) ?? { ...nothingMade, allowedBytes: null };
        return [[lane, countBegin({ ...row, allowedBytes: allowedBytes ?? budget.bytes }, row.running)] as const];
      });
      return [id, new Map(rooms)] as const;
    }),
  );
}

interface LaneRow {
  readonly runId: RunId;
  readonly lane: number;
  readonly stagedBytes: number;
  /** `null`: nothing was made yet. */
  readonly allowedBytes: number | null;
  readonly isPaused: boolean;
  readonly madeBytes: number;
  readonly madeCount: number;
  readonly running: number;
}

const nothingMade = { stagedBytes: 0, isPaused: false, madeBytes: 0, madeCount: 0, running: 0 };

/** One statement: what has ended between two looks would be counted neither as running nor as made. */
async function readLanes(tx: Transaction<LedgerDatabase>, runs: readonly RunId[]): Promise<readonly LaneRow[]> {
  const { rows } = await sql<LaneRow>`
    select run_id as "runId", lane, coalesce(staged_bytes, 0)::float8 as "stagedBytes", allowed_bytes::float8 as "allowedBytes",
      coalesce(is_paused, false) as "isPaused", coalesce(made_bytes, 0)::float8 as "madeBytes", coalesce(made_count, 0) as "madeCount",
      coalesce(running, 0)::integer as running
    from (select * from watersmeet.lane_budget where run_id = any(${runs}::bigint[])) as budget
    full join (
      select run_id, lane, count(*) as running from watersmeet.step
      where run_id = any(${runs}::bigint[]) and state = 'running' group by run_id, lane) as begun using (run_id, lane)`.execute(
    tx,
  );
  return rows;
}

function keyOf(runId: RunId, lane: number): string {
  return `${runId}/${lane}`;
}
