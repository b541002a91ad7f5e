import type { Graph } from "../../graph/graph.ts";
import type { PlanningState } from "../../plan/state/planning-state.ts";
import type { AssetKey } from "../../values/asset-key.ts";
import { compareStrings } from "../../values/compare.ts";
import type { OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { PartitionSpace } from "../../values/partitions/partition-space.ts";
import type { Condition } from "../condition/condition.ts";
import { createCronClock } from "../condition/cron-clock.ts";
import { listCronTicks, measureReach } from "../condition/describe-condition.ts";
import type { ConditionMemory } from "./evaluate-condition.ts";

/** What an automation remembers between evaluations, as plain data. */
export interface AutomationState {
  /** Instant of the evaluation, ISO-8601 UTC. Never earlier than that of the evaluation before, whatever clocks do. */
  readonly evaluatedAt: string;
  /** What it requested. */
  readonly requested: readonly OrdinalRange[];
  readonly memory: ConditionMemory;
  /** What it looked at. */
  readonly watched: Readonly<Record<string, WatchedAsset>>;
  /** Whether another evaluation of the same facts would remember the same and request nothing: only then may it be left out until something changes. */
  readonly isSettled: boolean;
}

/** An asset as an evaluation found it. */
export interface WatchedAsset {
  /** How many partitions there were. */
  readonly size: number;
  /** Of its code, schema and policy. */
  readonly version: string;
}

/** The condition of one asset, and where its last evaluation left it. */
export interface Automation {
  readonly asset: AssetKey;
  readonly condition: Condition;
  /** `null`: it has never been evaluated. */
  readonly state: AutomationState | null;
}

/** A project at one moment; of its state only how many partitions there are matters. */
export type Moment = Pick<PlanningState, "graph" | "now" | "stateOf">;

/**
 * The automations that have to be evaluated: those that have not come to rest, for which something happened to what they watch, a tick has passed, a window of time has
 * ended or code has changed. With what `widenDue` adds, evaluations that are left out would have changed nothing.
 */
export function findDue(
  moment: Moment,
  automations: readonly Automation[],
  changedOf: (asset: AssetKey) => ReadonlySet<AssetKey>,
): readonly Automation[] {
  return automations.filter((automation) => isDue(moment, automation, changedOf(automation.asset)));
}

/** Those that are due, and those that watch what the evaluation of these has requested: as long as the list grows, all of it is to be evaluated anew. */
export function widenDue(
  graph: Graph,
  automations: readonly Automation[],
  { due, requested }: { readonly due: readonly Automation[]; readonly requested: ReadonlySet<AssetKey> },
): readonly Automation[] {
  if (requested.size === 0) return due;
  const known = new Set(due.map(({ asset }) => asset));
  const more = automations.filter(
    ({ asset, condition }) =>
      !known.has(asset) && [...listWatched(graph, asset, condition)].some((key) => requested.has(key)),
  );
  return more.length === 0 ? due : [...due, ...more];
}

function isDue(moment: Moment, automation: Automation, changed: ReadonlySet<AssetKey>): boolean {
  const { asset, condition, state } = automation;
  if (state === null || !state.isSettled) return true;
  const watched = listWatched(moment.graph, asset, condition);
  if ([...watched].some((key) => changed.has(key))) return true;
  if (hasTick(condition, new Date(state.evaluatedAt), moment.now)) return true;
  const seen = describeWatched(moment, watched);
  return Object.keys(seen).some((key) => {
    const [then, now] = [state.watched[key], seen[key]];
    return then === undefined || now === undefined || then.size !== now.size || then.version !== now.version;
  });
}

/** The assets whose state can matter to a condition of an asset: itself, and what it reads, as many steps up as the condition looks. */
export function listWatched(graph: Graph, asset: AssetKey, condition: Condition): ReadonlySet<AssetKey> {
  const watched = new Set<AssetKey>([asset]);
  // Whether an asset is up to date is about what that asset reads: one step more.
  for (let step = 0, level: readonly AssetKey[] = [asset]; step <= measureReach(condition); step++) {
    level = level.flatMap((key) => (graph.upstream.get(key) ?? []).map((edge) => edge.from));
    for (const key of level) watched.add(key);
  }
  return watched;
}

/** By key, sorted. */
export function describeWatched(
  moment: Moment,
  watched: ReadonlySet<AssetKey>,
): Readonly<Record<string, WatchedAsset>> {
  const described = [...watched].sort(compareStrings).map((key) => {
    const { asset, space } = moment.stateOf(key);
    return [key, { size: space.size, version: `${asset.codeVersion} ${asset.schemaVersion}` }] as const;
  });
  return Object.fromEntries(described);
}

/** Whether ordinals that were remembered still mean the same partitions: those of a product whose second dimension has grown do not. */
export function keepsOrdinals(
  { dimensions }: PartitionSpace,
  before: WatchedAsset | undefined,
  now: WatchedAsset | undefined,
): boolean {
  return dimensions.length < 2 || dimensions[1]?.time === null || before?.size === now?.size;
}

/** Whether a tick of any of the expressions in a condition lies in (before, now]. */
export function hasTick(condition: Condition, before: Date, now: Date): boolean {
  return listCronTicks(condition).some(({ cron, timeZone }) => {
    const [tick] = createCronClock(cron, timeZone).listTicks(before.getTime(), now.getTime());
    return tick !== undefined;
  });
}

/** The first tick that a condition waits for; `null`: it waits for none. */
export function findNextTick(condition: Condition, after: Date): Date | null {
  const ticks = listCronTicks(condition).flatMap(
    ({ cron, timeZone }) => createCronClock(cron, timeZone).nextTick(after.getTime()) ?? [],
  );
  return ticks.length === 0 ? null : new Date(Math.min(...ticks));
}
