import { catchUp, createCronClock } from "@watersmeet/core/automation";
import type { ManifestSchedule } from "@watersmeet/core/manifest";
import type { Project } from "../../project/project.ts";
import type { AutomationDeps } from "../automation-deps.ts";
import { fingerprintAutomation, type ProjectAutomation } from "../project-automations.ts";
import type { AutomationRow } from "../records/automation-rows.ts";
import type { NewEvaluation, NewTick } from "../records/record-evaluation.ts";

/**
 * The ticks of a schedule that are due, as what is to be recorded; `null`: there is none. A schedule begins when it is first seen, or seen with another expression: ticks
 * of before are not its own. A clock that is set back gives no tick a second time, since what has been evaluated stays evaluated.
 */
export function evaluateSchedule(
  { environment, now }: Pick<AutomationDeps, "environment" | "now">,
  project: Project,
  {
    automation,
    row,
  }: {
    readonly automation: Extract<ProjectAutomation, { readonly kind: "schedule" }>;
    readonly row: AutomationRow | undefined;
  },
): NewEvaluation | null {
  const { name, schedule } = automation;
  const definition = fingerprintAutomation(project, automation);
  const at = now();
  const evaluation = {
    environment,
    name,
    kind: "schedule",
    definition,
    revision: row?.revision ?? null,
    state: {},
    seen: null,
    sequence: null,
    failure: null,
  } as const;
  if (row === undefined || row.definition !== definition) return { ...evaluation, evaluatedAt: at, ticks: [] };
  const clock = createCronClock(schedule.cron, schedule.timeZone);
  const due = catchUp(clock.listTicks(row.evaluatedAt.getTime(), at.getTime()), schedule.catchUp, at.getTime());
  if (due.run.length + due.missedCount === 0) return null;
  return { ...evaluation, evaluatedAt: at, ticks: describeTicks(schedule, due, at) };
}

function describeTicks(
  schedule: ManifestSchedule,
  { run, missedCount }: { readonly run: readonly number[]; readonly missedCount: number },
  now: Date,
): readonly NewTick[] {
  const missed = `${missedCount} missed ${missedCount === 1 ? "tick" : "ticks"}`;
  if (run.length === 0) {
    return [{ instant: now, outcome: "skipped", missedCount, message: `${missed}: none is run`, requests: [] }];
  }
  return run.map((tick, index): NewTick => {
    const at = new Date(tick).toISOString();
    const isFirst = index === 0 && missedCount > 0;
    const what = run.length === 1 ? "ran the last only" : `ran the last ${run.length} only`;
    return {
      instant: new Date(tick),
      outcome: "requested",
      missedCount: isFirst ? missedCount : 0,
      message: `tick of ${at}${isFirst ? `; ${missed} before it: ${what}` : ""}`,
      requests: [
        {
          select: schedule.select,
          partitions: schedule.partitions,
          force: schedule.force,
          refresh: schedule.refresh,
          at,
          dedupeKey: null,
        },
      ],
    };
  });
}
