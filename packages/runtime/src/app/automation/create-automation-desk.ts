import {
  describeCondition,
  explainEvaluation,
  findNextTick,
  createCronClock,
  listWatched,
} from "@watersmeet/core/automation";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey, OrdinalRange, PartitionKey } from "@watersmeet/core/values";
import type { AutomationDeps } from "../../automation/automation-deps.ts";
import { evaluateNow, storeCondition } from "../../automation/evaluate/evaluate-conditions.ts";
import {
  fingerprintAutomation,
  listProjectAutomations,
  type ProjectAutomation,
} from "../../automation/project-automations.ts";
import {
  readAutomationPauses,
  readAutomationRows,
  type AutomationPause,
  type AutomationRow,
} from "../../automation/records/automation-rows.ts";
import { pauseAutomation, resumeAutomation } from "../../automation/records/pauses.ts";
import { listTicks, readLastTicks, type TickRecord } from "../../automation/records/ticks.ts";
import { notifyFollowers } from "../../ledger/events.ts";
import type { Project } from "../../project/project.ts";
import type { AutomationDesk, AutomationExplanation, AutomationOverview } from "./automation-desk.ts";

type DeskDeps = Pick<AutomationDeps, "db" | "environment" | "readState" | "project" | "now">;

export function createAutomationDesk(deps: DeskDeps): AutomationDesk {
  const { db, environment, project, now } = deps;
  const get = async (name: string): Promise<AutomationOverview> => {
    const automation = getAutomation(project(), name);
    const [found] = await readOverviews(deps, [automation]);
    if (found === undefined) throw new RangeError(`no overview of ${name}`);
    return found;
  };
  return {
    list: () => readOverviews(deps, listProjectAutomations(project())),
    get,
    async pause({ name, by, reason }) {
      const automation = getAutomation(project(), name);
      if (reason.trim() === "")
        throw new WatersmeetError("USAGE_INVALID", "A pause needs a reason", {
          hint: "Whoever finds it should know why.",
        });
      await pauseAutomation(db, { environment, name: automation.name, by, reason: reason.trim() });
      await notifyFollowers(db);
      return get(name);
    },
    async resume({ name, by }) {
      await resumeAutomation(db, { environment, name: getAutomation(project(), name).name, by, at: now() });
      await notifyFollowers(db);
      return get(name);
    },
    history: (name, page) =>
      listTicks(db, { environment, name: name === null ? null : getAutomation(project(), name).name }, page),
    explain: (asset, partition) => explain(deps, asset, partition),
  };
}

/** @throws {AUTOMATION_UNKNOWN} */
function getAutomation(project: Project, name: string): ProjectAutomation {
  const found = listProjectAutomations(project).find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new WatersmeetError("AUTOMATION_UNKNOWN", `Nothing named "${name}" starts runs by itself`, {
    hint: "`watersmeet automation list` shows conditions, schedules and sensors.",
    details: { name },
  });
}

async function readOverviews(
  { db, environment, project, now }: DeskDeps,
  automations: readonly ProjectAutomation[],
): Promise<readonly AutomationOverview[]> {
  const rows = await readAutomationRows(db, environment);
  const pauses = await readAutomationPauses(db, environment);
  const ticks = await readLastTicks(db, environment);
  const known = project();
  return automations.map((automation) =>
    describe(automation, {
      project: known,
      now: now(),
      row: rows.get(automation.name),
      pause: pauses.get(automation.name),
      tick: ticks.get(automation.name),
    }),
  );
}

interface Facts {
  readonly project: Project;
  readonly now: Date;
  readonly row: AutomationRow | undefined;
  readonly pause: AutomationPause | undefined;
  readonly tick: TickRecord | undefined;
}

function describe(automation: ProjectAutomation, { project, now, row, pause, tick }: Facts): AutomationOverview {
  const { name, kind } = automation;
  const isSame = row !== undefined && row.definition === fingerprintAutomation(project, automation);
  const place = placeOf(project, automation);
  return {
    name,
    kind,
    ...place,
    pause: pause === undefined ? null : { by: pause.by, reason: pause.reason, at: pause.at },
    evaluatedAt: isSame ? row.evaluatedAt : null,
    nextAt: pause === undefined ? findNext(automation, now, isSame ? row : undefined) : null,
    failure: isSame ? readFailure(row.failure) : null,
    lastTick: tick ?? null,
  };
}

function placeOf(
  project: Project,
  automation: ProjectAutomation,
): Pick<AutomationOverview, "says" | "doc" | "select" | "file" | "line"> {
  switch (automation.kind) {
    case "condition": {
      const asset = project.graph.assets.get(automation.name);
      const { file = "", doc = "", location } = asset ?? {};
      return {
        says: describeCondition(automation.condition),
        doc,
        select: automation.name,
        file,
        line: location?.line ?? 1,
      };
    }
    case "schedule": {
      const { cron, timeZone, select, doc, file, location } = automation.schedule;
      return { says: timeZone === "UTC" ? cron : `${cron} (${timeZone})`, doc, select, file, line: location.line };
    }
    case "sensor": {
      const { everyMs, select, doc, file, location } = automation.sensor;
      return { says: `every ${everyMs / 1000} s`, doc, select, file, line: location.line };
    }
  }
}

function findNext(automation: ProjectAutomation, now: Date, row: AutomationRow | undefined): Date | null {
  switch (automation.kind) {
    case "condition":
      return findNextTick(automation.condition, now);
    case "schedule": {
      const next = createCronClock(automation.schedule.cron, automation.schedule.timeZone).nextTick(now.getTime());
      return next === null ? null : new Date(next);
    }
    case "sensor":
      return row === undefined ? null : new Date(row.evaluatedAt.getTime() + automation.sensor.everyMs);
  }
}

function readFailure(failure: AutomationRow["failure"]): AutomationOverview["failure"] {
  if (failure === null || typeof failure !== "object" || Array.isArray(failure)) return null;
  const member = (name: string): string | null => {
    const value = Object.entries(failure).find(([key]) => key === name)?.[1];
    return typeof value === "string" ? value : null;
  };
  return { code: member("code") ?? "INTERNAL", message: member("message") ?? "", hint: member("hint") };
}

/** The condition with those of its inputs, as the next evaluation would find them. */
async function explain(
  deps: DeskDeps,
  asset: AssetKey,
  partition: PartitionKey | null,
): Promise<AutomationExplanation | null> {
  const project = deps.project();
  const conditions = listProjectAutomations(project).flatMap((each) => (each.kind === "condition" ? [each] : []));
  const own = conditions.find(({ name }) => name === asset);
  if (own === undefined) return null;
  const watched = listWatched(project.graph, asset, own.condition);
  const rows = await readAutomationRows(deps.db, deps.environment);
  const pauses = await readAutomationPauses(deps.db, deps.environment);
  const chosen = conditions
    .filter(({ name }) => watched.has(name) && (name === asset || !pauses.has(name)))
    .map((each) => storeCondition(project, each, rows.get(each.name)));
  const { planning, evaluations } = await evaluateNow(deps, project, { chosen, now: deps.now() });
  const evaluation = evaluations.find((each) => each.asset === asset);
  if (evaluation === undefined) return null;
  const partitions = chooseOrdinals(planning.stateOf(asset).space, partition);
  const step = explainEvaluation(planning, evaluation.trace, partitions);
  const pause = pauses.get(asset);
  return {
    name: asset,
    says: describeCondition(own.condition),
    pause: pause === undefined ? null : { by: pause.by, reason: pause.reason, at: pause.at },
    requestedCount: step.count,
    step,
  };
}

function chooseOrdinals(
  space: { readonly size: number; ordinalOf(key: string): number | undefined },
  partition: PartitionKey | null,
): readonly OrdinalRange[] {
  if (partition === null) return space.size === 0 ? [] : [[0, space.size]];
  const ordinal = space.ordinalOf(partition);
  return ordinal === undefined ? [] : [[ordinal, ordinal + 1]];
}
