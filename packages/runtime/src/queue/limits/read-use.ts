import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { Holder } from "../waiting/waiting-for.ts";
import { limitNow } from "./limit-now.ts";
import { countTokens, type Rate } from "./rate.ts";

/** A resource as it stands. */
export interface ResourceNow {
  readonly name: string;
  /** `null`: no limit. */
  readonly limit: number | null;
  /** Units in use. */
  readonly taken: number;
  readonly rate: Rate | null;
  /** No step may start before then; `null`: now. */
  readonly blockedUntil: Date | null;
  /** Why, when the resource itself has said so. */
  readonly heldBecause: string | null;
  /** Some of those who hold units, longest first. */
  readonly holders: readonly Holder[];
}

const shownHolders = 3;

/** By name, those that there are. Looks without locking. */
export async function readUse(db: LedgerDb, names: readonly string[]): Promise<ReadonlyMap<string, ResourceNow>> {
  if (names.length === 0) return new Map();
  const { rows } = await sql<UseRow>`
    select name, ${limitNow} as "limit",
      coalesce((select sum(weight) from watersmeet.resource_lease where resource = name), 0)::integer as taken,
      case when rate_count is not null then json_build_object('count', rate_count, 'perMs', rate_ms, 'burst', rate_burst) end as rate,
      extract(epoch from full_at)::float8 * 1000 as "fullAtMs", extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs",
      held.until as "heldUntil", held.reason as "heldBecause",
      coalesce((select json_agg(holder) from (
        select lease.run_id::text as run, step.asset, step.partition, lease.weight
        from watersmeet.resource_lease as lease join watersmeet.step on step.run_id = lease.run_id and step.ordinal = lease.ordinal
        where lease.resource = name order by lease.taken_at, lease.run_id, lease.ordinal limit ${shownHolders}) as holder), '[]') as holders
    from watersmeet.resource
    left join lateral (
      select until, reason from watersmeet.resource_hold
      where resource_hold.resource = name and until > clock_timestamp() order by until desc limit 1) as held on true
    where name = any(${[...names]}::text[])`.execute(db);
  return new Map(rows.map((row) => [row.name, toResource(row)]));
}

interface UseRow extends Omit<ResourceNow, "blockedUntil"> {
  readonly fullAtMs: number | null;
  readonly nowMs: number;
  readonly heldUntil: Date | null;
}

function toResource({ fullAtMs, nowMs, heldUntil, ...row }: UseRow): ResourceNow {
  return { ...row, blockedUntil: heldUntil ?? findNextToken(row.rate, fullAtMs ?? 0, nowMs) };
}

function findNextToken(rate: Rate | null, fullAtMs: number, nowMs: number): Date | null {
  const nextInMs = rate === null ? 0 : countTokens({ rate, fullAtMs }, nowMs).nextInMs;
  return nextInMs > 0 ? new Date(nowMs + nextInMs) : null;
}
