import { stableJson, type Json } from "@watersmeet/core/values";
import type { ChildFailure, SensedRun } from "../../child/protocol.ts";
import type { Project } from "../../project/project.ts";
import type { AutomationDeps } from "../automation-deps.ts";
import { fingerprintAutomation, type ProjectAutomation } from "../project-automations.ts";
import type { AutomationRow } from "../records/automation-rows.ts";
import type { NewEvaluation, NewTick } from "../records/record-evaluation.ts";

type SensorAutomation = Extract<ProjectAutomation, { readonly kind: "sensor" }>;

/** Whether it is time to call a sensor. A clock that was set back does not silence it. */
export function isSensorDue(automation: SensorAutomation, row: AutomationRow | undefined, now: Date): boolean {
  return untilSensorDue(automation, row, now) === 0;
}

/** Milliseconds. */
export function untilSensorDue({ sensor }: SensorAutomation, row: AutomationRow | undefined, now: Date): number {
  if (row === undefined) return 0;
  const sinceMs = now.getTime() - row.evaluatedAt.getTime();
  return sinceMs < 0 ? 0 : Math.max(0, sensor.everyMs - sinceMs);
}

/**
 * Calls a sensor's function in a child, and says what is to be recorded of its answer: the cursor and the runs together. When it fails the cursor stays as it was, so
 * that the next call sees what this one saw. `null`: the process is closing.
 */
export async function callSensor(
  deps: AutomationDeps,
  project: Project,
  {
    automation,
    row,
    signal,
  }: {
    readonly automation: SensorAutomation;
    readonly row: AutomationRow | undefined;
    readonly signal: AbortSignal;
  },
): Promise<NewEvaluation | null> {
  const { name, sensor } = automation;
  const at = deps.now();
  const known = readSensorState(row?.state ?? null);
  const answer = await deps.children.perform(
    {
      kind: "sense",
      sensor: { key: name, file: sensor.file, exportPath: sensor.exportPath },
      call: { cursor: known, lastCalledAt: row?.evaluatedAt.toISOString() ?? null, now: at.toISOString() },
    },
    {
      subject: `sensor ${name}`,
      code: { root: project.root, generation: project.generation, files: project.manifest.files },
      timeoutMs: sensor.timeoutMs,
      listener: {
        log: ({ level, message, fields }) => deps.logger[level]({ sensor: name, fields }, message),
        progress: () => {},
      },
      signal,
    },
  );
  if (answer.kind === "cancelled") return null;
  const evaluation = {
    environment: deps.environment,
    name,
    kind: "sensor",
    definition: fingerprintAutomation(project, automation),
    revision: row?.revision ?? null,
    evaluatedAt: at,
    seen: null,
    sequence: null,
  } as const;
  if (answer.kind === "failure") {
    const failure = describeFailure(answer.failure);
    // What goes on failing for the same reason is told once.
    const isKnown = stableJson(failure) === stableJson(row?.failure ?? null);
    return { ...evaluation, state: row?.state ?? {}, failure, ticks: isKnown ? [] : [failedTick(at, answer.failure)] };
  }
  if (answer.result.kind !== "sensed") throw new TypeError(`a sensor was answered by ${answer.result.kind}`);
  const { cursor, runs, skip } = answer.result;
  const unnamed = runs.find((run) => run.select === null && sensor.select === null);
  if (unnamed !== undefined) {
    const failure = nothingSelected(name);
    return {
      ...evaluation,
      state: row?.state ?? {},
      failure: describeFailure(failure),
      ticks: [failedTick(at, failure)],
    };
  }
  return {
    ...evaluation,
    state: { cursor: cursor === undefined ? known : { value: cursor } },
    failure: null,
    ticks: runs.length === 0 ? [] : [requestTick(at, runs, { select: sensor.select, skip })],
  };
}

/** What the call before left as its cursor; `null`: none. */
function readSensorState(state: Json): { readonly value: Json } | null {
  if (state === null || typeof state !== "object" || !("cursor" in state)) return null;
  const { cursor } = state;
  return cursor !== null && typeof cursor === "object" && "value" in cursor ? { value: cursor["value"] ?? null } : null;
}

function requestTick(
  at: Date,
  runs: readonly SensedRun[],
  { select, skip }: { readonly select: string | null; readonly skip: string | null },
): NewTick {
  return {
    instant: at,
    outcome: "requested",
    missedCount: 0,
    message: `${runs.length} ${runs.length === 1 ? "run" : "runs"} asked for${skip === null ? "" : `; ${skip}`}`,
    requests: runs.map((run) => ({
      select: run.select ?? select ?? "",
      partitions: run.partitions,
      force: run.force,
      refresh: false,
      at: null,
      dedupeKey: run.key,
    })),
  };
}

function failedTick(at: Date, { message }: Pick<ChildFailure, "message">): NewTick {
  return { instant: at, outcome: "failed", missedCount: 0, message, requests: [] };
}

function describeFailure({ code, message, hint }: Pick<ChildFailure, "code" | "message" | "hint">): Json {
  return { code, message, hint };
}

function nothingSelected(name: string): Pick<ChildFailure, "code" | "message" | "hint"> {
  return {
    code: "SENSOR_RESULT_INVALID",
    message: `the sensor ${name} asked for a run that selects nothing, and has no select of its own`,
    hint: 'Give the sensor one, sensor({ select: "orders+" }, …), or name assets in each run.',
  };
}
