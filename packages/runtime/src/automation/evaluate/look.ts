import type { AssetKey } from "@watersmeet/core/values";
import type { Project } from "../../project/project.ts";
import type { AutomationDeps } from "../automation-deps.ts";
import { listProjectAutomations, type ProjectAutomation } from "../project-automations.ts";
import { readAutomationPauses, readAutomationRows, type AutomationRow } from "../records/automation-rows.ts";
import { recordEvaluations, type NewEvaluation } from "../records/record-evaluation.ts";
import { submitRequests } from "../submit-requests.ts";
import { callSensor, isSensorDue, untilSensorDue } from "./call-sensor.ts";
import { evaluateConditions, isAtRest, storeCondition } from "./evaluate-conditions.ts";
import { evaluateSchedule } from "./evaluate-schedules.ts";

/*
 * One look at what starts runs by itself. Runs that were asked for before come first; then something is evaluated, recorded in one transaction with what it requests,
 * and only then are the runs made: whoever dies in between leaves requests that the next look finds.
 */

/** Looks at every schedule. */
export async function lookAtSchedules(deps: AutomationDeps): Promise<void> {
  await submitRequests(deps);
  const project = deps.project();
  for (const { automation, row } of await listStanding(deps, project)) {
    if (automation.kind !== "schedule") continue;
    const evaluation = evaluateSchedule(deps, project, { automation, row });
    if (evaluation !== null) await record(deps, [evaluation]);
  }
}

/** Looks at every condition that is due. Says whether another look without a change would come to nothing. */
export async function lookAtConditions(deps: AutomationDeps): Promise<boolean> {
  await submitRequests(deps);
  const project = deps.project();
  const stored = (await listStanding(deps, project)).flatMap(({ automation, row }) =>
    automation.kind === "condition" ? [storeCondition(project, automation, row)] : [],
  );
  if (stored.length === 0) return true;
  const evaluations = await evaluateConditions(deps, project, stored);
  return (await record(deps, evaluations)) && evaluations.every(isAtRest);
}

/** Sensors at the same time: they wait for the world more than they compute. */
const sensorsAtOnce = 4;

/** Calls every sensor that is due. Gives the milliseconds until the next one is; infinity when there is none. */
export async function lookAtSensors(deps: AutomationDeps, signal: AbortSignal): Promise<number> {
  const project = deps.project();
  if (!(project.manifest.triggers ?? []).some(({ kind }) => kind === "sensor")) return Number.POSITIVE_INFINITY;
  const sensors = (await listStanding(deps, project)).flatMap(({ automation, row }) =>
    automation.kind === "sensor" ? [{ automation, row }] : [],
  );
  const due = sensors.filter(({ automation, row }) => isSensorDue(automation, row, deps.now()));
  const next = due.values();
  const call = async (): Promise<void> => {
    for (const { automation, row } of next) {
      const evaluation = await callSensor(deps, project, { automation, row, signal });
      if (evaluation !== null) await record(deps, [evaluation]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(sensorsAtOnce, due.length) }, call));
  const waiting = sensors.map(({ automation, row }) =>
    due.some((each) => each.automation === automation)
      ? automation.sensor.everyMs
      : untilSensorDue(automation, row, deps.now()),
  );
  return Math.min(...waiting, Number.POSITIVE_INFINITY);
}

interface Standing {
  readonly automation: ProjectAutomation;
  readonly row: AutomationRow | undefined;
}

/** What is not paused, with where it was left. Of a project with problems nothing runs. */
async function listStanding({ db, environment }: AutomationDeps, project: Project): Promise<readonly Standing[]> {
  const automations = project.problems.length > 0 ? [] : listProjectAutomations(project);
  if (automations.length === 0) return [];
  const rows: ReadonlyMap<AssetKey, AutomationRow> = await readAutomationRows(db, environment);
  const pauses = await readAutomationPauses(db, environment);
  return automations.flatMap((automation) =>
    pauses.has(automation.name) ? [] : [{ automation, row: rows.get(automation.name) }],
  );
}

/** `false` when another evaluator was faster. */
async function record(deps: AutomationDeps, evaluations: readonly NewEvaluation[]): Promise<boolean> {
  if (!(await recordEvaluations(deps.db, evaluations))) return false;
  if (evaluations.every(({ ticks }) => ticks.length === 0)) return true;
  await deps.onPhase?.("recorded");
  await submitRequests(deps);
  return true;
}
