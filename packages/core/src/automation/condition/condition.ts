import { WatersmeetError } from "../../errors/watersmeet-error.ts";
import { createCronClock } from "./cron-clock.ts";

/** What can be asked of a partition without looking at others. */
export type PartitionFact =
  /** It has no version. */
  | "missing"
  /** It has a version, and another run would make another one: the planner's judgement. */
  | "stale"
  /** A step of it is open in some run, or a run of it has been requested. */
  | "inProgress"
  /** Its latest step failed or was blocked by a gate. */
  | "failed"
  /** Something that it needs has no version. */
  | "inputMissing"
  /** Readers see another version than at the evaluation before. */
  | "newlyUpdated"
  /** The asset's code, schema or policy is another one than at the evaluation before. */
  | "codeUpdated"
  /** The asset reads no other one and is not cut by time: only asking again tells whether there is something new. */
  | "external"
  /** It is the newest partition of its time; of an asset without time, every one. */
  | "latest"
  /** Of an input: the evaluation that is under way requests it. Of the asset itself it never holds. */
  | "requested"
  /** The evaluation before requested it. */
  | "handled";

/**
 * When partitions of an asset are to be made, as data. A condition holds for a set of partitions; a run of those for which the whole condition holds is requested.
 * The constructors of this file are how authors write it, and static derivation reads it from their calls.
 */
export type Condition =
  | { readonly kind: PartitionFact }
  /** A tick has passed since the evaluation before; then it holds for every partition. */
  | { readonly kind: "cronTick"; readonly cron: string; readonly timeZone: string }
  | { readonly kind: "and" | "or"; readonly conditions: readonly Condition[] }
  | { readonly kind: "not"; readonly condition: Condition }
  /** It holds now, and did not at the evaluation before. */
  | { readonly kind: "newlyTrue"; readonly condition: Condition }
  /** `trigger` has held more recently than `reset`; when both hold at once, the trigger counts. */
  | { readonly kind: "since"; readonly trigger: Condition; readonly reset: Condition }
  /** Asked of the partitions that are read: of any input, or of every one. */
  | { readonly kind: "anyInput" | "allInputs"; readonly condition: Condition }
  /** A condition that has a name of its own; explanations show both. */
  | { readonly kind: "named"; readonly name: string; readonly condition: Condition };

export interface CronOptions {
  /** IANA name of the zone whose clock the expression means. @default "UTC" */
  readonly timeZone?: string;
}

/** Partitions without a version. */
export const missing = (): Condition => fact("missing");
/** Partitions whose version another run would replace: the planner's judgement. */
export const stale = (): Condition => fact("stale");
/** Partitions that an open run makes, or that have been requested. */
export const inProgress = (): Condition => fact("inProgress");
/** Partitions whose latest step failed or was blocked by a gate. */
export const failed = (): Condition => fact("failed");
/** Partitions that need something which has no version. */
export const inputMissing = (): Condition => fact("inputMissing");
/** Partitions of which readers see another version than at the evaluation before. */
export const newlyUpdated = (): Condition => fact("newlyUpdated");
/** Every partition, when the asset's code, schema or policy has changed since the evaluation before. */
export const codeUpdated = (): Condition => fact("codeUpdated");
/** Every partition of an asset that reads no other one and is not cut by time. */
export const external = (): Condition => fact("external");
/** The newest partition of time. */
export const latest = (): Condition => fact("latest");
/** Inside `anyInput` and `allInputs`: partitions of the input that this evaluation requests. */
export const requested = (): Condition => fact("requested");
/** Partitions that the evaluation before requested. */
export const handled = (): Condition => fact("handled");

/** Every partition, when a tick of the expression has passed since the evaluation before. @throws {AUTOMATION_CRON_INVALID} */
export function cronTick(cron: string, { timeZone = "UTC" }: CronOptions = {}): Condition {
  createCronClock(cron, timeZone);
  return Object.freeze({ kind: "cronTick", cron, timeZone });
}

/** Partitions for which all of the conditions hold. */
export function and(...conditions: readonly Condition[]): Condition {
  return combine("and", conditions);
}

/** Partitions for which one of the conditions holds. */
export function or(...conditions: readonly Condition[]): Condition {
  return combine("or", conditions);
}

/** Partitions for which the condition does not hold. */
export function not(condition: Condition): Condition {
  return wrap("not", condition);
}

/** Partitions for which the condition holds, and did not at the evaluation before. */
export function newlyTrue(condition: Condition): Condition {
  return wrap("newlyTrue", condition);
}

/** Partitions for which `trigger` has held more recently than `reset`. */
export function since(trigger: Condition, reset: Condition): Condition {
  return Object.freeze({ kind: "since", trigger: check("since", trigger), reset: check("since", reset) });
}

/** Partitions that read a partition for which the condition holds. */
export function anyInput(condition: Condition): Condition {
  return wrap("anyInput", condition);
}

/** Partitions of which everything that they read meets the condition. */
export function allInputs(condition: Condition): Condition {
  return wrap("allInputs", condition);
}

/** A condition with a name for explanations. */
export function named(name: string, condition: Condition): Condition {
  return Object.freeze({ kind: "named", name, condition: check("named", condition) });
}

function fact(kind: PartitionFact): Condition {
  return Object.freeze({ kind });
}

function combine(kind: "and" | "or", conditions: readonly Condition[]): Condition {
  if (conditions.length === 0) throw invalid(`${kind}() joins no condition`);
  return Object.freeze({ kind, conditions: Object.freeze(conditions.map((one) => check(kind, one))) });
}

function wrap(kind: "not" | "newlyTrue" | "anyInput" | "allInputs", condition: Condition): Condition {
  return Object.freeze({ kind, condition: check(kind, condition) });
}

/** What is passed at run time may be anything. */
function check(name: string, condition: unknown): Condition {
  if (isCondition(condition)) return condition;
  throw invalid(`${name}() was given something that is no condition`);
}

function isCondition(value: unknown): value is Condition {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}

function invalid(message: string): WatersmeetError {
  return new WatersmeetError("DEFINITION_INVALID", message, {
    hint: "Conditions are eager(), onCron(…), onMissing(), and what and(), or(), not() and since() make of missing(), stale() and the others",
  });
}
