import type { RunReason } from "@watersmeet/core/plan";
import type { Json } from "@watersmeet/core/values";
import {
  describeWaiting,
  type LedgerEvent,
  type RunRecord,
  type StepRecord,
  type WaitingFor,
} from "@watersmeet/runtime";

/** A run as faces show it: times are ISO-8601 UTC. */
export interface RunDto {
  readonly id: string;
  readonly kind: "run" | "backfill";
  readonly environment: string;
  readonly state: RunRecord["state"];
  readonly select: string;
  readonly partitions: string | null;
  readonly requestedBy: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly maxParallel: number | null;
  readonly onDeploy: RunRecord["onDeploy"];
  /** Why it was cancelled, when nobody asked for it. */
  readonly failure: FailureDto | null;
  readonly stepCount: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly steps: RunRecord["steps"];
}

export interface StepDto {
  readonly runId: string;
  readonly ordinal: number;
  readonly asset: string;
  readonly partition: string;
  readonly state: StepRecord["state"];
  readonly reason: RunReason;
  readonly attempt: number;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly notBefore: string | null;
  /** What keeps it from starting; `null`: it runs, or has ended. */
  readonly waitingFor: WaitingDto | null;
  readonly workerId: string | null;
  readonly progress: StepRecord["progress"];
  readonly failure: FailureDto | null;
  readonly materializationId: string | null;
  readonly rowCount: number | null;
}

/** `text` is a clause: "waits for 2 inputs that the run makes first". */
export interface WaitingDto {
  readonly kind: WaitingFor["kind"];
  readonly text: string;
  readonly resource: string | null;
  readonly until: string | null;
}

/** Why a step failed or was blocked, worded for the person who reads it at night. */
export interface FailureDto {
  readonly class: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly details: Json;
}

export interface EventDto {
  /** Greater than that of every event before; a place to resume from. */
  readonly sequence: string;
  readonly at: string;
  readonly kind: string;
  readonly runId: string | null;
  readonly asset: string | null;
  readonly partition: string | null;
  readonly body: Json;
}

export function toRunDto(run: RunRecord): RunDto {
  const { createdAt, startedAt, finishedAt, skipped, failure, ...rest } = run;
  return {
    ...rest,
    createdAt: createdAt.toISOString(),
    startedAt: toIso(startedAt),
    finishedAt: toIso(finishedAt),
    failure: readFailure(failure),
    skipped: { ...skipped },
  };
}

export function toStepDto(step: StepRecord, waiting: WaitingFor | null): StepDto {
  const { startedAt, finishedAt, notBefore, failure, ...rest } = step;
  return {
    ...rest,
    startedAt: toIso(startedAt),
    finishedAt: toIso(finishedAt),
    notBefore: toIso(notBefore),
    waitingFor: waiting && toWaitingDto(waiting),
    failure: readFailure(failure),
  };
}

function toWaitingDto(waiting: WaitingFor): WaitingDto {
  return {
    kind: waiting.kind,
    text: describeWaiting(waiting),
    resource: "resource" in waiting ? waiting.resource : null,
    until: "until" in waiting ? toIso(waiting.until) : null,
  };
}

export function toEventDto(event: LedgerEvent): EventDto {
  return { ...event, at: event.at.toISOString() };
}

/** Reads a recorded failure; the stack stays in the ledger, since it may tell of paths. */
export function readFailure(failure: Json): FailureDto | null {
  if (failure === null || typeof failure !== "object" || !("code" in failure)) return null;
  return {
    class: readText(failure["class"]) ?? "permanent",
    code: readText(failure["code"]) ?? "INTERNAL",
    message: readText(failure["message"]) ?? "",
    hint: readText(failure["hint"]),
    details: failure["details"] ?? null,
  };
}

function readText(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}

export function toIso(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}
