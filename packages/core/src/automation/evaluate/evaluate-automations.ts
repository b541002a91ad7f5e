import type { PlanningState } from "../../plan/state/planning-state.ts";
import type { AssetKey } from "../../values/asset-key.ts";
import type { OrdinalRange } from "../../values/ordinal-ranges.ts";
import { stableJson } from "../../values/stable-json.ts";
import { buildAssetFacts, type AssetFacts, type Happenings } from "./asset-facts.ts";
import {
  describeWatched,
  hasTick,
  keepsOrdinals,
  listWatched,
  type Automation,
  type AutomationState,
  type WatchedAsset,
} from "./automation-state.ts";
import { decideRequests } from "./decide-requests.ts";
import type { ConditionMemory, ConditionTrace } from "./evaluate-condition.ts";

/** What an evaluation comes to. */
export interface Evaluation {
  readonly asset: AssetKey;
  /** Partitions to be made. */
  readonly requested: readonly OrdinalRange[];
  readonly trace: ConditionTrace;
  /** For the next evaluation. */
  readonly state: AutomationState;
}

export interface EvaluateOptions {
  readonly planning: PlanningState;
  /** Those that are to be evaluated. */
  readonly automations: readonly Automation[];
  /** What happened since the evaluation before of an automation: each has its own. */
  readonly happeningsOf: (asset: AssetKey) => Happenings;
}

/** Evaluates conditions of any number of assets at one moment, upstream first. A function of its arguments alone. */
export function evaluateAutomations(options: EvaluateOptions): readonly Evaluation[] {
  const { planning, automations } = options;
  const requested = new Map<AssetKey, readonly OrdinalRange[]>();
  const byAsset = new Map(automations.map((automation) => [automation.asset, automation]));
  const evaluations: Evaluation[] = [];
  for (const asset of planning.graph.order) {
    const automation = byAsset.get(asset);
    if (automation === undefined) continue;
    const evaluation = evaluateOne(options, automation, requested);
    requested.set(asset, evaluation.requested);
    evaluations.push(evaluation);
  }
  return evaluations;
}

type Requested = ReadonlyMap<AssetKey, readonly OrdinalRange[]>;

function evaluateOne(options: EvaluateOptions, automation: Automation, requested: Requested): Evaluation {
  const { planning, happeningsOf, automations } = options;
  const { asset, condition, state } = automation;
  const watched = describeWatched(planning, listWatched(planning.graph, asset, condition));
  const before = recall(planning, automation, watched);
  const handled = new Map(automations.map((each) => [each.asset, each.state?.requested ?? []]));
  handled.set(asset, before.requested);
  const facts = collectFacts(planning, happeningsOf(asset), (key) => {
    const then = state?.watched[key]?.version;
    return then !== undefined && then !== watched[key]?.version;
  });
  const {
    requested: holds,
    trace,
    memory,
  } = decideRequests(
    {
      factsOf: facts.of,
      requestedOf: (key) => requested.get(key) ?? [],
      handledOf: (key) => handled.get(key) ?? [],
      before: state === null ? null : new Date(state.evaluatedAt),
      now: planning.now,
    },
    { asset, condition, memory: before.memory },
  );
  const isStill =
    state !== null &&
    holds.length === 0 &&
    stableJson([before.memory, before.requested]) === stableJson([memory, []]) &&
    !facts.list().some((each) => each.newlyUpdated.length > 0 || each.isCodeUpdated || has(requested, each.asset)) &&
    !hasTick(condition, new Date(state.evaluatedAt), planning.now);
  const evaluatedAt = latestOf(state?.evaluatedAt, planning.now.toISOString());
  return {
    asset,
    requested: holds,
    trace,
    state: { evaluatedAt, requested: holds, memory, watched, isSettled: isStill },
  };
}

/** What an automation remembers of its own partitions and those of its inputs, as far as it still means something. */
function recall(
  planning: PlanningState,
  { state }: Automation,
  watched: Readonly<Record<string, WatchedAsset>>,
): { readonly memory: ConditionMemory; readonly requested: readonly OrdinalRange[] } {
  if (state === null) return nothing;
  const isKept = [...planning.graph.order].every(
    (key) => watched[key] === undefined || keepsOrdinals(planning.stateOf(key).space, state.watched[key], watched[key]),
  );
  return isKept ? state : nothing;
}

const nothing = { memory: {}, requested: [] } as const;

interface CollectedFacts {
  readonly of: (asset: AssetKey) => AssetFacts;
  /** Of the assets that were asked for. */
  readonly list: () => readonly AssetFacts[];
}

function collectFacts(
  planning: PlanningState,
  happenings: Happenings,
  isCodeUpdated: (asset: AssetKey) => boolean,
): CollectedFacts {
  const known = new Map<AssetKey, AssetFacts>();
  return {
    of(asset) {
      const facts = known.get(asset) ?? buildAssetFacts(planning, asset, { ...happenings, isCodeUpdated });
      known.set(asset, facts);
      return facts;
    },
    list: () => [...known.values()],
  };
}

function has(requested: Requested, asset: AssetKey): boolean {
  return (requested.get(asset) ?? []).length > 0;
}

/** Instants in ISO-8601 UTC are ordered as texts. A clock that was set back gives no tick a second time. */
function latestOf(before: string | undefined, now: string): string {
  return before !== undefined && before > now ? before : now;
}
