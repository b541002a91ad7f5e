import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../../ledger/database.ts";
import type { RunId } from "../../../ledger/records.ts";
import { readAllowances, type Allowance } from "../../breaker/allowance.ts";
import { readBudgetRooms, type BudgetRooms } from "../../budget/lane-budgets.ts";
import { limitNow } from "../../limits/limit-now.ts";
import { countTokens, holdUntil, takeTokens, type Bucket } from "../../limits/rate.ts";
import type { ClaimableRun } from "../list-runs.ts";
import { findReservation, type Reservation } from "./lane-waits.ts";
import type { Room, Rooms } from "./room.ts";

/** What may still be taken; counted down while claiming. */
export interface Limits {
  readonly byRun: Map<RunId, number>;
  readonly rooms: Rooms;
  /** The lane that what it needs is kept for; `null`: none. */
  readonly reservation: Reservation | null;
  /** Of lanes that hold back while what they made waits to be read. */
  readonly budgets: BudgetRooms;
  /** By the ledger's clock. */
  readonly nowMs: number;
}

/** Locks runs with a limit of their own by id, then resources by name, and reads what is left of them. Steps without resources cost nothing. */
export async function lockLimits(
  tx: Transaction<LedgerDatabase>,
  runs: readonly ClaimableRun[],
  workerId: string,
): Promise<Limits> {
  const byRun = new Map<RunId, number>();
  const limited = runs.filter((run) => run.max_parallel !== null);
  if (limited.length > 0) {
    await sql`select from watersmeet.run where id = any(${limited.map((run) => run.id)}::bigint[]) order by id for update`.execute(
      tx,
    );
    for (const run of limited) byRun.set(run.id, (run.max_parallel ?? 0) - (await countRunning(tx, run.id)));
  }
  const names = new Set(runs.flatMap((run) => run.lanes.flatMap((lane) => lane.resources.map((use) => use.name))));
  const budgets = await readBudgetRooms(tx, runs);
  if (names.size === 0) return { byRun, rooms: new Map(), reservation: null, budgets, nowMs: 0 };
  const locked = await lockResources(tx, [...names], workerId);
  return { byRun, ...locked, reservation: await findReservation(tx, runs), budgets };
}

async function countRunning(tx: Transaction<LedgerDatabase>, runId: RunId): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from watersmeet.step where run_id = ${runId} and state = 'running'`.execute(tx);
  return rows[0]?.count ?? 0;
}

interface ResourceRow {
  readonly name: string;
  readonly limit: number | null;
  readonly taken: number;
  readonly rateCount: number | null;
  readonly rateMs: number | null;
  readonly rateBurst: number | null;
  readonly fullAtMs: number | null;
  readonly heldUntilMs: number | null;
  readonly nowMs: number;
}

async function lockResources(
  tx: Transaction<LedgerDatabase>,
  names: readonly string[],
  workerId: string,
): Promise<{ readonly rooms: Rooms; readonly nowMs: number }> {
  await sql`select from watersmeet.resource where name = any(${[...names]}::text[]) order by name for no key update`.execute(
    tx,
  );
  // Statements of their own: they must see leases that were committed while the lock was waited for.
  const { rows } = await sql<ResourceRow>`
    select name, ${limitNow} as "limit",
      coalesce((select sum(weight) from watersmeet.resource_lease where resource = name), 0)::int as taken,
      rate_count as "rateCount", rate_ms as "rateMs", rate_burst as "rateBurst", extract(epoch from full_at)::float8 * 1000 as "fullAtMs",
      (select extract(epoch from max(until))::float8 * 1000 from watersmeet.resource_hold
        where resource_hold.resource = name and until > clock_timestamp()) as "heldUntilMs",
      extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs"
    from watersmeet.resource where name = any(${[...names]}::text[])`.execute(tx);
  const allowances = await readAllowances(tx, names, workerId);
  return {
    rooms: new Map(rows.map((row) => [row.name, buildRoom(row, allowances.get(row.name))])),
    nowMs: rows[0]?.nowMs ?? 0,
  };
}

function buildRoom(row: ResourceRow, allowance: Allowance | undefined): Room {
  const limit = row.limit ?? Number.POSITIVE_INFINITY;
  const heldForMs = row.heldUntilMs === null ? 0 : row.heldUntilMs - row.nowMs;
  const bucket = buildBucket(row);
  const tokens = bucket === null ? { count: Number.POSITIVE_INFINITY, nextInMs: 0 } : countTokens(bucket, row.nowMs);
  const again = Math.max(heldForMs, tokens.nextInMs, openForMs(allowance, row.nowMs));
  return {
    limit,
    free: limit - row.taken,
    tokens: heldForMs > 0 ? 0 : tokens.count,
    permits: permitsOf(allowance),
    bucket,
    isOpen: heldForMs <= 0 && allowance?.kind !== "open",
    isProbe: allowance?.kind === "halfOpen",
    spent: 0,
    againInMs: Number.isFinite(again) ? (again > 0 ? again : intervalMsOf(bucket)) : null,
  };
}

function buildBucket({ rateCount, rateMs, rateBurst, fullAtMs, heldUntilMs }: ResourceRow): Bucket | null {
  if (rateCount === null || rateMs === null || rateBurst === null) return null;
  const bucket = { rate: { count: rateCount, perMs: rateMs, burst: rateBurst }, fullAtMs: fullAtMs ?? 0 };
  return heldUntilMs === null ? bucket : holdUntil(bucket, heldUntilMs);
}

/** Of a resource with tokens left: until there is one more. */
function intervalMsOf(bucket: Bucket | null): number | null {
  return bucket === null ? null : bucket.rate.perMs / bucket.rate.count;
}

function permitsOf(allowance: Allowance | undefined): number {
  if (allowance === undefined || allowance.kind === "closed") return Number.POSITIVE_INFINITY;
  return allowance.kind === "open" ? 0 : allowance.permits;
}

function openForMs(allowance: Allowance | undefined, nowMs: number): number {
  if (allowance?.kind !== "open") return 0;
  return allowance.until === null ? Number.POSITIVE_INFINITY : allowance.until.getTime() - nowMs;
}

/** Writes what was taken of rates. The resources are locked. */
export async function saveRates(tx: Transaction<LedgerDatabase>, { rooms, nowMs }: Limits): Promise<void> {
  const spent = [...rooms].flatMap(([name, { bucket, spent: count }]) =>
    bucket === null || count === 0 ? [] : [{ name, fullAtMs: takeTokens(bucket, { count, nowMs }).fullAtMs }],
  );
  if (spent.length === 0) return;
  await sql`
    update watersmeet.resource set full_at = to_timestamp(spent.full_at_ms / 1000)
    from unnest(${spent.map((each) => each.name)}::text[], ${spent.map((each) => each.fullAtMs)}::float8[]) as spent (name, full_at_ms)
    where resource.name = spent.name`.execute(tx);
}
