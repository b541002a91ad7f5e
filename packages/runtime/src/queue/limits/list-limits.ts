import { WatersmeetError } from "@watersmeet/core/errors";
import { compareStrings } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import { overrideHolds } from "./limit-now.ts";
import { readUse, type ResourceNow } from "./read-use.ts";

/** What all workers together may ask of a resource, and what they ask. */
export interface LimitRecord extends ResourceNow {
  /** As configured: units, or the bounds of a limit that adapts; `null`: no limit. */
  readonly configured:
    | { readonly kind: "fixed"; readonly concurrency: number }
    | { readonly kind: "auto"; readonly min: number; readonly max: number }
    | null;
  /** What a person set instead; `null`: nothing. */
  readonly override: {
    readonly concurrency: number;
    readonly by: string;
    readonly reason: string;
    readonly at: Date;
    /** `null`: until another order. */
    readonly until: Date | null;
  } | null;
  /** Steps that are ready and need it. */
  readonly waiting: number;
}

/** What the controller of a limit that adapts saw and did. */
export interface LimitMove {
  readonly at: Date;
  readonly concurrency: number;
  /** How much longer steps took than expected; `null`: none had completed. */
  readonly slowdown: number | null;
  readonly inFlight: number;
  readonly completed: number;
  readonly failed: number;
  readonly reason: string;
}

/** By name. */
export async function listLimits(db: LedgerDb): Promise<readonly LimitRecord[]> {
  const { rows } = await sql<ConfiguredRow>`
    select name, concurrency, is_auto as "isAuto", least, given.override,
      (select count(*)::integer from watersmeet.run
        cross join lateral jsonb_array_elements(lanes) with ordinality as lane (body, position)
        join watersmeet.step on step.run_id = run.id and step.state = 'ready' and step.lane = position - 1
        where run.state < 'succeeded' and run.state in ('queued', 'running')
          and lane.body -> 'resources' @> jsonb_build_array(jsonb_build_object('name', resource.name))) as waiting
    from watersmeet.resource
    left join lateral (
      select json_build_object('concurrency', concurrency, 'by', given_by, 'reason', reason, 'at', given_at, 'until', until) as override
      from watersmeet.resource_override where resource_override.resource = resource.name and ${overrideHolds} order by id desc limit 1) as given on true
    order by name collate "C"`.execute(db);
  const uses = await readUse(
    db,
    rows.map((row) => row.name),
  );
  return rows.flatMap((row) => {
    const use = uses.get(row.name);
    return use === undefined ? [] : [toRecord(row, use)];
  });
}

/** @throws {NOT_FOUND} */
export async function getLimit(db: LedgerDb, resource: string): Promise<LimitRecord> {
  const found = (await listLimits(db)).find((each) => each.name === resource);
  if (found !== undefined) return found;
  throw new WatersmeetError("NOT_FOUND", `There is no resource ${resource}`, {
    hint: "`watersmeet limits` names those that the configuration has.",
    details: { resource },
  });
}

/** Of a limit that adapts, newest first. */
export async function listMoves(db: LedgerDb, resource: string, limit: number): Promise<readonly LimitMove[]> {
  const { rows } = await sql<LimitMove>`
    select at, concurrency, slowdown, in_flight as "inFlight", completed, failed, reason
    from watersmeet.limit_history where resource = ${resource} order by at desc limit ${limit}`.execute(db);
  return rows;
}

interface ConfiguredRow {
  readonly name: string;
  readonly concurrency: number | null;
  readonly isAuto: boolean;
  readonly least: number;
  readonly waiting: number;
  readonly override: {
    readonly concurrency: number;
    readonly by: string;
    readonly reason: string;
    readonly at: string;
    readonly until: string | null;
  } | null;
}

function toRecord({ concurrency, isAuto, least, waiting, override }: ConfiguredRow, use: ResourceNow): LimitRecord {
  return {
    ...use,
    holders: [...use.holders].sort((a, b) => compareStrings(a.asset, b.asset)),
    configured:
      concurrency === null
        ? null
        : isAuto
          ? { kind: "auto", min: least, max: concurrency }
          : { kind: "fixed", concurrency },
    override: override && {
      ...override,
      at: new Date(override.at),
      until: override.until === null ? null : new Date(override.until),
    },
    waiting,
  };
}
