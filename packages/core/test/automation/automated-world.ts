import {
  evaluateAutomations,
  findDue,
  readAutomationState,
  widenDue,
  type Automation,
  type AutomationState,
  type Condition,
  type Evaluation,
  type Happenings,
} from "../../src/automation/index.ts";
import { namePartitions } from "../../src/automation/index.ts";
import { buildGraph, type Graph } from "../../src/graph/index.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { buildPlan, createPlanningState, type PlanningState, type StateSnapshot } from "../../src/plan/index.ts";
import { fingerprint, type AssetKey, type PartitionKey } from "../../src/values/index.ts";
import { applyPlan } from "../plan/apply-plan.ts";

type Places = ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>;

/** A project, its ledger and its clock, as far as conditions see them. */
export interface AutomatedWorld {
  manifest: Manifest;
  snapshot: StateSnapshot;
  inProgress: Places;
  now: Date;
  /** Heads that moved, by the number of the change. */
  readonly moves: { readonly change: number; readonly asset: AssetKey; readonly partition: PartitionKey }[];
  /** Assets that something happened to, by the number of the change. */
  readonly changes: ReadonlySet<AssetKey>[];
}

export function startWorld(manifest: Manifest, now: Date): AutomatedWorld {
  const snapshot = { environment: "prod", sequence: "0", heads: new Map(), failed: new Map() };
  return { manifest, snapshot, inProgress: new Map(), now, moves: [], changes: [] };
}

export function planningOf(world: AutomatedWorld): PlanningState {
  return createPlanningState({ graph: graphOf(world), snapshot: world.snapshot, now: world.now });
}

export function graphOf({ manifest }: AutomatedWorld): Graph {
  return buildGraph(manifest).graph;
}

/** Makes partitions, at once and to the end. `content` makes the outcome of what is forced another one. */
export function make(
  world: AutomatedWorld,
  request: {
    readonly select: string;
    readonly partitions?: string;
    readonly force?: boolean;
    readonly content?: string;
  },
): void {
  const { content = "", ...wanted } = request;
  const built = buildPlan({ graph: graphOf(world), snapshot: world.snapshot, now: world.now, request: wanted });
  if (!("plan" in built)) return;
  const change = world.changes.length;
  const applied = applyPlan({
    plan: built.plan,
    snapshot: world.snapshot,
    digestOf: (step, read) => fingerprint([step.asset, step.partition, content, ...read]),
    pick: () => 0,
    salt: `${change}`,
  });
  const touched = new Set<AssetKey>();
  const made = new Map<AssetKey, Set<PartitionKey>>();
  for (const { asset, partition } of applied.committed) world.moves.push({ change, asset, partition });
  for (const { asset, partition } of [...applied.committed, ...applied.unchanged]) {
    touched.add(asset);
    made.set(asset, (made.get(asset) ?? new Set()).add(partition));
  }
  world.snapshot = { ...applied.snapshot, failed: without(world.snapshot.failed, made) };
  world.inProgress = without(world.inProgress, made);
  world.changes.push(touched);
}

/** Partitions whose steps begin. */
export function begin(world: AutomatedWorld, asset: AssetKey, partitions: readonly PartitionKey[]): void {
  world.inProgress = withPlaces(world.inProgress, asset, partitions);
  world.changes.push(new Set([asset]));
}

/** Ends what is in progress of an asset: as a failure, or with nothing to show. */
export function end(world: AutomatedWorld, asset: AssetKey, how: "failed" | "cancelled"): void {
  const partitions = [...(world.inProgress.get(asset) ?? [])];
  if (how === "failed")
    world.snapshot = { ...world.snapshot, failed: withPlaces(world.snapshot.failed, asset, partitions) };
  world.inProgress = new Map([...world.inProgress].filter(([key]) => key !== asset));
  world.changes.push(new Set([asset]));
}

function withPlaces(places: Places, asset: AssetKey, partitions: readonly PartitionKey[]): Places {
  return new Map([...places, [asset, new Set([...(places.get(asset) ?? []), ...partitions])]]);
}

function without(places: Places, gone: Places): Places {
  return new Map(
    [...places].map(([asset, keys]) => [asset, new Set([...keys].filter((key) => gone.get(asset)?.has(key) !== true))]),
  );
}

/** Conditions of a world with their states: evaluated all, or only those that are due. */
export class Evaluator {
  readonly #conditions: ReadonlyMap<AssetKey, Condition>;
  readonly #states = new Map<AssetKey, { readonly state: AutomationState; readonly change: number }>();
  readonly #mode: "all" | "due";
  evaluatedCount = 0;

  constructor(conditions: ReadonlyMap<AssetKey, Condition>, mode: "all" | "due" = "all") {
    this.#conditions = conditions;
    this.#mode = mode;
  }

  /** Evaluates, and counts what is requested as in progress from now on when `starts`. */
  evaluate(world: AutomatedWorld): readonly Evaluation[] {
    const all = [...this.#conditions].map(([asset, condition]): Automation => ({
      asset,
      condition,
      state: this.#states.get(asset)?.state ?? null,
    }));
    const planning = planningOf(world);
    const evaluateThese = (automations: readonly Automation[]): readonly Evaluation[] =>
      evaluateAutomations({ planning, automations, happeningsOf: (asset) => this.#happenings(world, asset) });
    let due = this.#mode === "all" ? all : findDue(planning, all, (asset) => this.#changedSince(world, asset));
    let evaluations = evaluateThese(due);
    for (;;) {
      const requested = new Set(evaluations.flatMap((each) => (each.requested.length > 0 ? [each.asset] : [])));
      const wider = widenDue(planning.graph, all, { due, requested });
      if (wider.length === due.length) break;
      due = wider;
      evaluations = evaluateThese(due);
    }
    for (const { asset, state: written } of evaluations) {
      // As it is kept between two processes.
      const state = readAutomationState(JSON.parse(JSON.stringify(written)));
      if (state === null) throw new Error(`the state of ${asset} cannot be read back`);
      this.#states.set(asset, { state, change: world.changes.length });
    }
    this.evaluatedCount += evaluations.length;
    return evaluations;
  }

  stateOf(asset: AssetKey): AutomationState | undefined {
    return this.#states.get(asset)?.state;
  }

  #changedSince({ changes }: AutomatedWorld, asset: AssetKey): ReadonlySet<AssetKey> {
    return new Set(changes.slice(this.#states.get(asset)?.change ?? 0).flatMap((change) => [...change]));
  }

  #happenings(world: AutomatedWorld, asset: AssetKey): Happenings {
    const since = this.#states.get(asset)?.change ?? world.changes.length;
    const newlyUpdated = new Map<AssetKey, Set<PartitionKey>>();
    for (const move of world.moves) {
      if (move.change < since) continue;
      newlyUpdated.set(move.asset, (newlyUpdated.get(move.asset) ?? new Set()).add(move.partition));
    }
    return { inProgress: world.inProgress, newlyUpdated };
  }
}

/** What evaluations request, as a person would write it: `orders@2024-03-01..2024-03-03`. */
export function nameRequests(world: AutomatedWorld, evaluations: readonly Evaluation[]): readonly string[] {
  const planning = planningOf(world);
  return evaluations.flatMap(({ asset, requested }) => {
    if (requested.length === 0) return [];
    const partitions = namePartitions(planning.stateOf(asset).space, requested);
    return [partitions === null ? asset : `${asset}@${partitions}`];
  });
}

/** Counts what was requested as in progress, as the runtime does. */
export function startRequests(world: AutomatedWorld, evaluations: readonly Evaluation[]): void {
  const planning = planningOf(world);
  for (const { asset, requested } of evaluations) {
    const { keys } = planning.stateOf(asset);
    const partitions = requested.flatMap(([from, to]) => keys.slice(from, to));
    if (partitions.length > 0) begin(world, asset, partitions);
  }
}
