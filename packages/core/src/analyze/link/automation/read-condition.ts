import {
  allInputs,
  and,
  anyInput,
  codeUpdated,
  cronTick,
  external,
  failed,
  handled,
  inProgress,
  inputMissing,
  latest,
  missing,
  newlyTrue,
  newlyUpdated,
  not,
  or,
  requested,
  since,
  stale,
  type Condition,
} from "../../../automation/condition/condition.ts";
import { eager, onCron, onMissing } from "../../../automation/condition/presets.ts";
import { isWatersmeetError } from "../../../errors/watersmeet-error.ts";
import type { Expr } from "../../facts/file-facts.ts";
import type { CallExpr, Place, PlacedExpr } from "../heads.ts";
import { report, type Linking } from "../linking.ts";
import { reduceLiteral, reduceMember, reduceValue } from "../reduce-value.ts";

/** A condition written as calls of the language: `eager()`, `and(missing(), not(inProgress()))`. `null` when it cannot be known or cannot be, which is then reported. */
export function readCondition(linking: Linking, { expr, place }: PlacedExpr): Condition | null {
  const head = reduceValue(linking, expr, place);
  if (head.kind === "unresolved") return null;
  if (head.kind !== "frameworkCall") return rejectUnknown(linking, expr, place);
  const reading: Reading = { linking, call: head.call, place: head.place };
  const plain = plainMakers[head.name];
  const join = joins[head.name];
  const tick = ticks[head.name];
  if (plain !== undefined) return plain();
  if (join !== undefined) return readJoin(reading, join);
  if (tick !== undefined) return readTick(reading, tick);
  return rejectUnknown(linking, expr, place);
}

interface Reading {
  readonly linking: Linking;
  readonly call: CallExpr;
  readonly place: Place;
}

const plainMakers: Readonly<Record<string, () => Condition>> = {
  eager,
  onMissing,
  missing,
  stale,
  inProgress,
  failed,
  inputMissing,
  newlyUpdated,
  codeUpdated,
  external,
  latest,
  requested,
  handled,
};

interface Join {
  /** How many conditions it takes; `null`: any number from one on. */
  readonly count: number | null;
  readonly make: (first: Condition, ...others: readonly Condition[]) => Condition;
}

const joins: Readonly<Record<string, Join>> = {
  and: { count: null, make: and },
  or: { count: null, make: or },
  not: { count: 1, make: not },
  newlyTrue: { count: 1, make: newlyTrue },
  anyInput: { count: 1, make: anyInput },
  allInputs: { count: 1, make: allInputs },
  since: { count: 2, make: (trigger, reset = trigger) => since(trigger, reset) },
};

const ticks: Readonly<Record<string, typeof cronTick>> = { cronTick, onCron };

function readJoin({ linking, call, place }: Reading, { count, make }: Join): Condition | null {
  const [first, ...others] = call.args.map((expr) => readCondition(linking, { expr, place }));
  const known = others.flatMap((condition) => condition ?? []);
  if (call.args.length === 0 || (count !== null && call.args.length !== count)) {
    const wanted = count === null ? "at least one condition" : count === 1 ? "one condition" : `${count} conditions`;
    return rejectCall({ linking, call, place }, `it takes ${wanted}, and has ${call.args.length}`);
  }
  return first === null || first === undefined || known.length < others.length ? null : make(first, ...known);
}

function readTick({ linking, call, place }: Reading, make: typeof cronTick): Condition | null {
  const [cron, options] = call.args;
  const text = cron === undefined ? undefined : reduceLiteral(linking, cron, place);
  if (cron === undefined || typeof text !== "string") return rejectUnknown(linking, cron ?? call, place);
  const timeZone = options === undefined ? null : readTimeZone(linking, { expr: options, place });
  if (timeZone === undefined) return rejectUnknown(linking, options ?? call, place);
  try {
    return make(text, timeZone === null ? {} : { timeZone });
  } catch (error) {
    if (!isWatersmeetError(error)) throw error;
    const { code, message, hint = "" } = error;
    report(linking, { code, message, hint, file: place.file, at: cron.at });
    return null;
  }
}

/** `null` when it is left out, `undefined` when it is not known. */
function readTimeZone(linking: Linking, { expr, place }: PlacedExpr): string | null | undefined {
  const head = reduceValue(linking, expr, place);
  if (head.kind !== "expr" || head.expr.kind !== "object") return undefined;
  const zone = reduceMember(linking, head, "timeZone");
  if (zone.kind === "missing") return null;
  const value = zone.kind === "expr" ? reduceLiteral(linking, zone.expr, zone.place) : undefined;
  return typeof value === "string" ? value : undefined;
}

function rejectCall({ linking, call, place }: Reading, message: string): null {
  report(linking, {
    code: "ANALYZE_AUTOMATION_INVALID",
    message: `this condition cannot be: ${message}`,
    hint,
    file: place.file,
    at: call.callee.at,
  });
  return null;
}

function rejectUnknown(linking: Linking, expr: Expr, place: Place): null {
  const what = expr.kind === "other" ? `: it is ${expr.what}` : "";
  report(linking, {
    code: "ANALYZE_AUTOMATION_INVALID",
    message: `the condition cannot be known without running the code${what}`,
    hint,
    file: place.file,
    at: expr.at,
  });
  return null;
}

const hint = 'Write calls with literals or constants: eager(), onCron("0 3 * * *"), and(missing(), not(inProgress()))';
