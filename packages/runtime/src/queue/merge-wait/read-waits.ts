import {
  countRanges,
  listOrdinals,
  normalizeRanges,
  type OrdinalRange,
  type PartitionKey,
} from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { RunId, StepState } from "../../ledger/records.ts";
import { findReadableHeads, placeKey } from "../claim/readable-heads.ts";
import {
  getAssetOf,
  getPartitionOf,
  toStepRanges,
  type RunShape,
  type ShapeAsset,
  type ShapeInput,
} from "../shape/run-shape.ts";
import type { WaitLeg } from "./decide-wait.ts";

/** A merge that waits, with all that its decision depends on. */
export interface WaitingMerge {
  readonly ordinal: number;
  readonly partition: PartitionKey;
  readonly asset: ShapeAsset;
  /** Whether its time is running. */
  readonly isTimed: boolean;
  /** Whether its time has passed. */
  readonly isDue: boolean;
  readonly legs: readonly ReadLeg[];
}

/** A branch with the steps of it that are not there. */
export interface ReadLeg extends WaitLeg {
  readonly missing: readonly MissingStep[];
}

export interface MissingStep {
  readonly ordinal: number;
  readonly partition: PartitionKey;
  readonly state: StepState;
  readonly attempt: number;
  readonly startedAt: Date | null;
  /** What the failure said. */
  readonly message: string | null;
}

/** Those of the steps that wait, with where their branches stand. The run's row is locked. */
export async function readWaits(
  tx: Transaction<LedgerDatabase>,
  part: { readonly runId: RunId; readonly shape: RunShape; readonly steps: readonly OrdinalRange[] },
): Promise<readonly WaitingMerge[]> {
  const { shape } = part;
  const rows = await findWaiting(tx, part);
  if (rows.length === 0) return [];
  const merges = rows.map((row) => ({ row, legs: listLegs(shape, row.ordinal) }));
  const ranges = merges.flatMap(({ legs }) => legs.flatMap((leg) => leg.steps));
  const missing = await findMissing(tx, { ...part, ranges: normalizeRanges(ranges) });
  const isReadable = await findLastGood(tx, { shape, missing, isAnyDue: rows.some((row) => row.isDue) });
  return merges.map(({ row, legs }) => ({
    ...row,
    asset: getAssetOf(shape, row.ordinal),
    legs: legs.map((leg) =>
      toReadLeg(leg, { missing: sliceByRanges(missing, leg.steps), isReadable, isDue: row.isDue }),
    ),
  }));
}

interface WaitingRow {
  readonly ordinal: number;
  readonly partition: PartitionKey;
  readonly isTimed: boolean;
  readonly isDue: boolean;
}

/** While a run is paused nothing is due. */
async function findWaiting(
  tx: Transaction<LedgerDatabase>,
  { runId, steps }: { readonly runId: RunId; readonly steps: readonly OrdinalRange[] },
): Promise<readonly WaitingRow[]> {
  const { rows } = await sql<WaitingRow>`
    select step.ordinal, step.partition, step.deadline_at is not null as "isTimed",
      coalesce(step.deadline_at <= now(), false) and run.state in ('queued', 'running') as "isDue"
    from unnest(${steps.map(() => runId)}::bigint[], ${steps.map(([from]) => from)}::integer[], ${steps.map(([, to]) => to)}::integer[])
      as touched (run_id, first, beyond)
    join watersmeet.step on step.run_id = touched.run_id and step.ordinal >= touched.first and step.ordinal < touched.beyond
      and step.state = 'waiting'
    join watersmeet.run on run.id = step.run_id
    order by step.ordinal`.execute(tx);
  return rows;
}

interface Leg {
  readonly input: ShapeInput;
  /** Steps of this run whose partitions the merge reads. */
  readonly steps: readonly OrdinalRange[];
  readonly hasPins: boolean;
}

function listLegs(shape: RunShape, ordinal: number): readonly Leg[] {
  const asset = getAssetOf(shape, ordinal);
  const own = getPartitionOf(asset, ordinal);
  return asset.inputs
    .filter((input) => input.from !== asset.position)
    .map((input) => {
      const upstream = input.from === null ? undefined : shape.assets[input.from];
      const partitions = input.mapping.toUpstream([own, own + 1]);
      const steps = upstream === undefined ? [] : toStepRanges(upstream, partitions);
      return { input, steps, hasPins: hasPins(shape, input, partitions) };
    });
}

function hasPins(
  shape: RunShape,
  { planned, upstreamSpace }: ShapeInput,
  partitions: readonly OrdinalRange[],
): boolean {
  const pins = shape.plan.pins[planned.asset];
  if (pins === undefined) return false;
  return [...listOrdinals(partitions)].some((ordinal) => Object.hasOwn(pins, upstreamSpace.keyAt(ordinal)));
}

async function findMissing(
  tx: Transaction<LedgerDatabase>,
  { runId, ranges }: { readonly runId: RunId; readonly ranges: readonly OrdinalRange[] },
): Promise<readonly MissingStep[]> {
  if (ranges.length === 0) return [];
  const { rows } = await sql<MissingStep>`
    select step.ordinal, step.partition, step.state, step.attempt, step.started_at as "startedAt", step.failure ->> 'message' as message
    from unnest(${ranges.map(() => runId)}::bigint[], ${ranges.map(([from]) => from)}::integer[], ${ranges.map(([, to]) => to)}::integer[])
      as leg (run_id, first, beyond)
    join watersmeet.step on step.run_id = leg.run_id and step.ordinal >= leg.first and step.ordinal < leg.beyond
      and step.state not in ('succeeded', 'unchanged')
    order by step.ordinal`.execute(tx);
  return rows;
}

/** Whether a partition that is not there has a version of old. Asked only of those that a merge may have to do without. */
async function findLastGood(
  tx: Transaction<LedgerDatabase>,
  options: { readonly shape: RunShape; readonly missing: readonly MissingStep[]; readonly isAnyDue: boolean },
): Promise<(step: MissingStep) => boolean> {
  const { shape, missing, isAnyDue } = options;
  const asked = missing.filter((step) => isAnyDue || hasEnded(step));
  const placeOf = ({ ordinal, partition }: MissingStep) => ({ asset: getAssetOf(shape, ordinal).key, partition });
  const heads = await findReadableHeads(tx, shape.plan.environment, asked.map(placeOf));
  return (step) => heads.has(placeKey(placeOf(step)));
}

function hasEnded({ state }: MissingStep): boolean {
  return state !== "waiting" && state !== "ready" && state !== "running";
}

/** Of steps in ascending order those within the ranges. */
function sliceByRanges(steps: readonly MissingStep[], ranges: readonly OrdinalRange[]): readonly MissingStep[] {
  return ranges.flatMap(([from, to]) => steps.slice(lowerBound(steps, from), lowerBound(steps, to)));
}

function lowerBound(steps: readonly MissingStep[], ordinal: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.ordinal ?? Number.POSITIVE_INFINITY) < ordinal) low = middle + 1;
    else high = middle;
  }
  return low;
}

function toReadLeg(
  leg: Leg,
  found: {
    readonly missing: readonly MissingStep[];
    readonly isReadable: (step: MissingStep) => boolean;
    readonly isDue: boolean;
  },
): ReadLeg {
  const { missing } = found;
  const { name, isOptional } = leg.input.planned;
  const lost = missing.filter(hasEnded);
  return {
    branch: name,
    isOptional,
    state: findState(leg, { missingCount: missing.length, lostCount: lost.length }),
    openCount: missing.length - lost.length,
    hasLastGood: (found.isDue ? missing : lost).every(found.isReadable),
    missing,
  };
}

function findState(
  leg: Leg,
  { missingCount, lostCount }: { readonly missingCount: number; readonly lostCount: number },
): ReadLeg["state"] {
  if (countRanges(leg.steps) === 0) return leg.hasPins ? "standing" : "absent";
  if (lostCount > 0) return "lost";
  return missingCount > 0 ? "coming" : "made";
}
