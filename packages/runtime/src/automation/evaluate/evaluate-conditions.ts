import {
  evaluateAutomations,
  explainEvaluation,
  findDue,
  listWatched,
  namePartitions,
  readAutomationState,
  widenDue,
  type Automation,
  type Evaluation,
} from "@watersmeet/core/automation";
import { createPlanningState, type PlanningState, type StateSnapshot } from "@watersmeet/core/plan";
import { countRanges, type AssetKey, type Json, type PartitionKey } from "@watersmeet/core/values";
import type { Project } from "../../project/project.ts";
import type { AutomationDeps } from "../automation-deps.ts";
import { fingerprintAutomation, type ProjectAutomation } from "../project-automations.ts";
import type { AutomationRow } from "../records/automation-rows.ts";
import { listChangedAssets, listMovedHeads, readMoment, type LedgerMoment } from "../records/changes.ts";
import { listInProgress } from "../records/in-progress.ts";
import type { NewEvaluation, NewTick } from "../records/record-evaluation.ts";

/** The condition of an asset, and where the ledger says that its last evaluation left it. */
export interface StoredCondition {
  readonly automation: Automation;
  readonly definition: string;
  /** `null`: it has never been evaluated. */
  readonly row: AutomationRow | null;
}

/** Evaluates the conditions that are due, and says what is to be recorded of it. */
export async function evaluateConditions(
  deps: AutomationDeps,
  project: Project,
  conditions: readonly StoredCondition[],
): Promise<readonly NewEvaluation[]> {
  const now = deps.now();
  const moment = await readMoment(deps.db);
  const empty = createPlanningState({ graph: project.graph, snapshot: emptySnapshot(deps.environment), now });
  const changed = await readChanges(deps, conditions);
  const known = conditions.map((each) => each.automation);
  const due = findDue(empty, known, changed);
  rest(deps, conditions, { due, moment });
  let chosen = choose(conditions, due);
  if (chosen.length === 0) return [];
  let { planning, evaluations } = await evaluateNow(deps, project, { chosen, now });
  for (;;) {
    const requested = new Set(evaluations.flatMap((each) => (each.requested.length > 0 ? [each.asset] : [])));
    const wider = widenDue(project.graph, known, { due: chosen.map((each) => each.automation), requested });
    if (wider.length === chosen.length) break;
    chosen = choose(conditions, wider);
    ({ planning, evaluations } = await evaluateNow(deps, project, { chosen, now }));
  }
  const byAsset = new Map(chosen.map((each) => [each.automation.asset, each]));
  return evaluations.flatMap((evaluation): NewEvaluation[] => {
    const stored = byAsset.get(evaluation.asset);
    return stored === undefined ? [] : [describe({ deps, planning, moment, now }, stored, evaluation)];
  });
}

/** Events that do not concern a condition need not be looked at again. */
function rest(
  { memory }: AutomationDeps,
  conditions: readonly StoredCondition[],
  { due, moment }: { readonly due: readonly Automation[]; readonly moment: LedgerMoment },
): void {
  const isDue = new Set(due.map(({ asset }) => asset));
  for (const { automation, row } of conditions) {
    if (row !== null && !isDue.has(automation.asset)) memory.keep(row, BigInt(moment.sequence));
  }
}

function choose(conditions: readonly StoredCondition[], due: readonly Automation[]): readonly StoredCondition[] {
  const assets = new Set(due.map(({ asset }) => asset));
  return conditions.filter(({ automation }) => assets.has(automation.asset));
}

/** Evaluates conditions as things are now, and records nothing. */
export async function evaluateNow(
  deps: Pick<AutomationDeps, "db" | "environment" | "readState">,
  project: Project,
  { chosen, now }: { readonly chosen: readonly StoredCondition[]; readonly now: Date },
): Promise<{ readonly planning: PlanningState; readonly evaluations: readonly Evaluation[] }> {
  const watched = new Set(
    chosen.flatMap(({ automation }) => [...listWatched(project.graph, automation.asset, automation.condition)]),
  );
  const assets = [...watched];
  // First what is being made, then what there is: a step that ends in between counts as done, never as neither.
  const inProgress = await listInProgress(deps.db, { environment: deps.environment, assets });
  const moved = await readMoved(deps, chosen, assets);
  const snapshot = await deps.readState(project, assets);
  const planning = createPlanningState({ graph: project.graph, snapshot, now });
  const evaluations = evaluateAutomations({
    planning,
    automations: chosen.map((each) => each.automation),
    happeningsOf: (asset) => ({ inProgress, newlyUpdated: moved(asset) }),
  });
  return { planning, evaluations };
}

/** Whether an evaluation that is recorded needs no other one until something changes. */
export function isAtRest({ state }: NewEvaluation): boolean {
  return readAutomationState(state)?.isSettled === true;
}

/** Puts the condition of an asset together with what the ledger remembers of it. */
export function storeCondition(
  project: Project,
  automation: Extract<ProjectAutomation, { readonly kind: "condition" }>,
  row: AutomationRow | undefined,
): StoredCondition {
  const definition = fingerprintAutomation(project, automation);
  const { name: asset, condition } = automation;
  const state = row !== undefined && row.definition === definition ? readAutomationState(row.state) : null;
  return { automation: { asset, condition, state }, definition, row: row ?? null };
}

function emptySnapshot(environment: string): StateSnapshot {
  return { environment, sequence: "0", heads: new Map(), failed: new Map() };
}

async function readChanges(
  { db, memory }: AutomationDeps,
  conditions: readonly StoredCondition[],
): Promise<(asset: AssetKey) => ReadonlySet<AssetKey>> {
  const since = new Map(conditions.map(({ automation, row }) => [automation.asset, memory.since(row)]));
  // What has never been evaluated is evaluated anyway.
  const known = conditions.flatMap(({ automation, row }) => (row === null ? [] : (since.get(automation.asset) ?? [])));
  const [first, ...others] = known;
  if (first === undefined) return () => new Set();
  const oldest = others.reduce((least, one) => (one < least ? one : least), first);
  const changes = await listChangedAssets(db, String(oldest));
  return (asset) => {
    const from = since.get(asset) ?? 0n;
    return new Set(changes.flatMap((change) => (change.sequence > from ? [change.asset] : [])));
  };
}

type Places = ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>;

/** Moved heads since each condition's own last evaluation; those that were evaluated together ask once. */
async function readMoved(
  { db, environment }: Pick<AutomationDeps, "db" | "environment">,
  chosen: readonly StoredCondition[],
  assets: readonly AssetKey[],
): Promise<(asset: AssetKey) => Places> {
  const bySeen = new Map<string, Places>();
  for (const { row, automation } of chosen) {
    const seen = automation.state === null ? null : (row?.seen ?? null);
    if (seen === null || bySeen.has(seen)) continue;
    bySeen.set(seen, await listMovedHeads(db, { environment, assets, seen }));
  }
  const seenOf = new Map(
    chosen.map(({ automation, row }) => [automation.asset, automation.state === null ? null : row?.seen]),
  );
  return (asset) => bySeen.get(seenOf.get(asset) ?? "") ?? new Map();
}

interface Circumstances {
  readonly deps: AutomationDeps;
  readonly planning: PlanningState;
  readonly moment: LedgerMoment;
  readonly now: Date;
}

function describe(
  { deps, planning, moment, now }: Circumstances,
  { automation, definition, row }: StoredCondition,
  evaluation: Evaluation,
): NewEvaluation {
  return {
    environment: deps.environment,
    name: automation.asset,
    kind: "condition",
    definition,
    revision: row?.revision ?? null,
    evaluatedAt: new Date(evaluation.state.evaluatedAt),
    state: toJson(evaluation.state),
    seen: moment.seen,
    sequence: moment.sequence,
    failure: null,
    ticks: evaluation.requested.length === 0 ? [] : [describeRequest(planning, evaluation, now)],
  };
}

function describeRequest(planning: PlanningState, { asset, requested, trace }: Evaluation, now: Date): NewTick {
  const { space, reads } = planning.stateOf(asset);
  const count = countRanges(requested);
  const partitions = namePartitions(space, requested);
  return {
    instant: now,
    outcome: "requested",
    missedCount: 0,
    message:
      partitions === null ? "it is requested" : `${count} ${count === 1 ? "partition is" : "partitions are"} requested`,
    explanation: toJson(explainEvaluation(planning, trace, requested)),
    requests: [
      {
        select: asset,
        partitions,
        // What reads no other asset would be up to date for ever: whoever asks for it wants another look.
        force: reads.every(({ isSelf }) => isSelf),
        refresh: false,
        at: null,
        dedupeKey: null,
      },
    ],
  };
}

function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}
