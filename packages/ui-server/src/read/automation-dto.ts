import type { Json } from "@watersmeet/core/values";
import type { AutomationExplanation, AutomationOverview, AutomationTick, Watersmeet } from "@watersmeet/runtime";
import { toIso } from "./run-dto.ts";

/** Something that starts runs by itself, as faces show it: times are ISO-8601 UTC. */
export interface AutomationDto {
  /** An asset's key for its condition, else the name of a schedule or sensor. */
  readonly name: string;
  readonly kind: AutomationOverview["kind"];
  /** As its author wrote it: `eager()`, `30 2 * * * (Europe/Zurich)`, `every 15 s`. */
  readonly says: string;
  readonly doc: string;
  readonly select: string | null;
  readonly file: string;
  readonly line: number;
  readonly pause: PauseDto | null;
  readonly evaluatedAt: string | null;
  /** The next tick or call that is known; `null`: it is evaluated when something changes, or paused. */
  readonly nextAt: string | null;
  readonly failure: AutomationOverview["failure"];
  readonly lastTick: TickDto | null;
}

export interface PauseDto {
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

/** An evaluation that came to something. */
export interface TickDto {
  readonly id: string;
  readonly name: string;
  readonly kind: AutomationTick["kind"];
  readonly instant: string;
  readonly evaluatedAt: string;
  readonly outcome: AutomationTick["outcome"];
  readonly missedCount: number;
  readonly message: string;
  readonly explanation: ExplainedStepDto | null;
  readonly requests: readonly {
    readonly select: string;
    readonly partitions: string | null;
    readonly dedupeKey: string | null;
    readonly runId: string | null;
    readonly failure: Json;
  }[];
}

/** One step of an evaluation: for how many of the partitions in question it holds. */
export interface ExplainedStepDto {
  readonly says: string;
  readonly asset: string;
  readonly count: number;
  readonly of: number;
  readonly detail: string | null;
  readonly parts: readonly ExplainedStepDto[];
}

/** Why an asset's condition requests it or does not, as things are now. */
export interface AutomationExplanationDto {
  readonly name: string;
  readonly says: string;
  readonly pause: PauseDto | null;
  readonly requestedCount: number;
  readonly step: ExplainedStepDto;
}

export function toAutomationDto({ pause, evaluatedAt, nextAt, lastTick, ...rest }: AutomationOverview): AutomationDto {
  return {
    ...rest,
    pause: toPauseDto(pause),
    evaluatedAt: toIso(evaluatedAt),
    nextAt: toIso(nextAt),
    lastTick: lastTick === null ? null : toTickDto(lastTick),
  };
}

export function toTickDto({ instant, evaluatedAt, ...rest }: AutomationTick): TickDto {
  return { ...rest, instant: instant.toISOString(), evaluatedAt: evaluatedAt.toISOString() };
}

export function toExplanationDto(explanation: AutomationExplanation | null): AutomationExplanationDto | null {
  return explanation === null ? null : { ...explanation, pause: toPauseDto(explanation.pause) };
}

function toPauseDto(pause: AutomationOverview["pause"]): PauseDto | null {
  return pause === null ? null : { by: pause.by, reason: pause.reason, at: pause.at.toISOString() };
}

/** By name. */
export async function listAutomations({
  automation,
}: Pick<Watersmeet, "automation">): Promise<readonly AutomationDto[]> {
  return (await automation.list()).map(toAutomationDto);
}
