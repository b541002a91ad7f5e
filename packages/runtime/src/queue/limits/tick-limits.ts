import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import { beginControl, decideLimit, type ControllerDecision, type ControllerMemory, type Tick } from "./controller.ts";
import { closedAt, firstAutoLimit, hasClosed } from "./limit-now.ts";
import { expectMs, learnPace, type Pace } from "./pace.ts";

export interface TickOptions {
  /** In [0, 1]. */
  readonly load: number;
  /** Between two decisions. @default 15 s */
  readonly everyMs?: number;
}

const defaultEveryMs = 15_000;

/**
 * Lets the controllers decide whose time has come. Every worker calls it now and then: a resource is locked while its controller decides, and then has its
 * next time, so each decision is made once, whoever lives. Gives the resources that were looked at.
 */
export async function tickLimits(db: LedgerDb, options: TickOptions): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from watersmeet.resource where is_auto and (tick_at is null or tick_at <= clock_timestamp()) order by name`.execute(
    db,
  );
  const ticked: string[] = [];
  for (const { name } of rows) {
    if (await db.transaction().execute((tx) => tickOne(tx, name, options))) ticked.push(name);
  }
  if (ticked.length > 0) await forgetOld(db);
  return ticked;
}

interface AutoRow {
  readonly limit: number | null;
  readonly memory: ControllerMemory | null;
  readonly min: number;
  readonly max: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly heldUntilMs: number | null;
  readonly hasClosed: boolean;
  readonly nowMs: number;
}

async function tickOne(tx: Transaction<LedgerDatabase>, name: string, options: TickOptions): Promise<boolean> {
  const row = await lockAuto(tx, name);
  if (row === undefined) return false;
  const samples = await readSamples(tx, name);
  const paces = await readPaces(tx, samples);
  const before = row.memory ?? beginControl(row.limit ?? Math.min(firstAutoLimit, row.max));
  const tick = buildTick(row, { samples, paces, load: options.load });
  const decision = decideLimit(before, tick, row);
  await saveDecision(tx, { name, decision, everyMs: options.everyMs ?? defaultEveryMs });
  if (!decision.isConclusive) return true;
  await learn(tx, { samples, paces, slowness: slownessOf(tick, decision) });
  const last = samples.at(-1)?.id;
  if (last !== undefined) {
    await sql`delete from watersmeet.resource_sample where resource = ${name} and id <= ${last}`.execute(tx);
  }
  await insertHistory(tx, { name, tick, decision });
  await tellMove(tx, { name, before, decision });
  return true;
}

/** `undefined`: another worker has it, or has had it. */
async function lockAuto(tx: Transaction<LedgerDatabase>, name: string): Promise<AutoRow | undefined> {
  const { rows } = await sql<AutoRow>`
    select auto_limit as "limit", auto_memory as memory, least as min, concurrency as max,
      coalesce((select sum(weight) from watersmeet.resource_lease where resource = name), 0)::integer as "inFlight",
      (select count(*)::integer from (
        select from watersmeet.run
        cross join lateral jsonb_array_elements(run.lanes) with ordinality as each (lane, position)
        join watersmeet.step on step.run_id = run.id and step.lane = each.position - 1 and step.state = 'ready'
          and (step.not_before is null or step.not_before <= now())
        where run.state < 'succeeded' and run.state in ('queued', 'running')
          and each.lane -> 'resources' @> jsonb_build_array(jsonb_build_object('name', resource.name))
        limit 100) as ready) as waiting,
      (select extract(epoch from max(until))::float8 * 1000 from watersmeet.resource_hold
        where resource_hold.resource = name and until > clock_timestamp()) as "heldUntilMs",
      ${hasClosed} as "hasClosed", extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs"
    from watersmeet.resource
    where name = ${name} and is_auto and (tick_at is null or tick_at <= clock_timestamp())
    for no key update skip locked`.execute(tx);
  return rows[0];
}

interface Sample {
  readonly id: string;
  readonly asset: string;
  readonly durationMs: number;
  readonly rowCount: number;
  readonly outcome: "ok" | "failed" | "throttled";
}

/** More say nothing new. */
const mostSamples = 5000;

async function readSamples(tx: Transaction<LedgerDatabase>, name: string): Promise<readonly Sample[]> {
  const { rows } = await sql<Sample>`
    select id, asset, duration_ms as "durationMs", row_count::float8 as "rowCount", outcome
    from watersmeet.resource_sample where resource = ${name} order by id limit ${mostSamples}`.execute(tx);
  return rows;
}

async function readPaces(
  tx: Transaction<LedgerDatabase>,
  samples: readonly Sample[],
): Promise<ReadonlyMap<string, Pace>> {
  const assets = [...new Set(samples.map((sample) => sample.asset))];
  const { rows } = await sql<Pace & { readonly asset: string }>`
    select asset, weight, mean_ms as "meanMs", mean_rows as "meanRows", rows_rows as "rowsRows", rows_ms as "rowsMs"
    from watersmeet.asset_pace where asset = any(${assets}::text[])`.execute(tx);
  return new Map(rows.map(({ asset, ...pace }) => [asset, pace]));
}

function buildTick(
  row: AutoRow,
  seen: { readonly samples: readonly Sample[]; readonly paces: ReadonlyMap<string, Pace>; readonly load: number },
): Tick {
  const good = seen.samples.filter((sample) => sample.outcome === "ok");
  const slowdowns = good.flatMap(({ asset, durationMs, rowCount }) => {
    const pace = seen.paces.get(asset);
    return pace === undefined ? [] : [durationMs / expectMs(pace, rowCount)];
  });
  return {
    nowMs: row.nowMs,
    completed: good.length,
    failed: seen.samples.length - good.length,
    heldUntilMs: row.heldUntilMs,
    hasClosed: row.hasClosed,
    // Of assets that were never seen, the first steps are what is usual.
    slowdown: medianOf(slowdowns) ?? (good.length > 0 ? 1 : null),
    inFlight: row.inFlight,
    waiting: row.waiting,
    load: seen.load,
  };
}

function medianOf(values: readonly number[]): number | null {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}

/** How much slower than alone the steps were: what is learned from them is what they would have taken alone. */
function slownessOf(tick: Tick, { memory }: ControllerDecision): number {
  return Math.max(1, (tick.slowdown ?? 1) / (memory.base ?? 1));
}

async function learn(
  tx: Transaction<LedgerDatabase>,
  seen: { readonly samples: readonly Sample[]; readonly paces: ReadonlyMap<string, Pace>; readonly slowness: number },
): Promise<void> {
  const paces = new Map<string, Pace>();
  for (const { asset, durationMs, rowCount, outcome } of seen.samples) {
    if (outcome !== "ok") continue;
    const known = paces.get(asset) ?? seen.paces.get(asset);
    paces.set(asset, learnPace(known, { durationMs: durationMs / seen.slowness, rowCount }));
  }
  const rows = [...paces].map(([asset, { weight, meanMs, meanRows, rowsRows, rowsMs }]) => ({
    asset,
    weight,
    mean_ms: meanMs,
    mean_rows: meanRows,
    rows_rows: rowsRows,
    rows_ms: rowsMs,
  }));
  await sql`
    insert into watersmeet.asset_pace
    select * from jsonb_populate_recordset(null::watersmeet.asset_pace, ${JSON.stringify(rows)}::jsonb) order by asset
    on conflict (asset) do update set weight = excluded.weight, mean_ms = excluded.mean_ms, mean_rows = excluded.mean_rows,
      rows_rows = excluded.rows_rows, rows_ms = excluded.rows_ms`.execute(tx);
}

async function saveDecision(
  tx: Transaction<LedgerDatabase>,
  {
    name,
    decision,
    everyMs,
  }: { readonly name: string; readonly decision: ControllerDecision; readonly everyMs: number },
): Promise<void> {
  const { memory } = decision;
  await sql`
    update watersmeet.resource set restarted_at = ${closedAt}, auto_limit = ${memory.limit}, auto_memory = ${JSON.stringify(memory)}::jsonb,
      tick_at = clock_timestamp() + ${everyMs} * interval '1 millisecond'
    where name = ${name}`.execute(tx);
}

async function insertHistory(
  tx: Transaction<LedgerDatabase>,
  { name, tick, decision }: { readonly name: string; readonly tick: Tick; readonly decision: ControllerDecision },
): Promise<void> {
  const { memory, reason } = decision;
  await sql`
    insert into watersmeet.limit_history (resource, concurrency, slowdown, base, in_flight, ready, completed, failed, reason)
    values (${name}, ${Math.floor(memory.limit)}, ${tick.slowdown}, ${memory.base ?? 1}, ${tick.inFlight}, ${tick.waiting}, ${tick.completed},
      ${tick.failed}, ${reason})`.execute(tx);
}

async function tellMove(
  tx: Transaction<LedgerDatabase>,
  move: { readonly name: string; readonly before: ControllerMemory; readonly decision: ControllerDecision },
): Promise<void> {
  const [from, to] = [Math.floor(move.before.limit), Math.floor(move.decision.memory.limit)];
  if (from === to) return;
  await insertEvents(tx, [
    { kind: "limit:moved", body: { resource: move.name, from, to, reason: move.decision.reason } },
  ]);
}

const keptFor = "7 days";

/** In no row that anybody waits for: what does not hold any more, and what nobody looks at. */
async function forgetOld(db: LedgerDb): Promise<void> {
  await sql`delete from watersmeet.limit_history where at < now() - ${keptFor}::interval`.execute(db);
  await sql`delete from watersmeet.resource_hold where until < now() - ${keptFor}::interval`.execute(db);
  await sql`delete from watersmeet.lane_wait where seen_at < now() - ${keptFor}::interval`.execute(db);
}
