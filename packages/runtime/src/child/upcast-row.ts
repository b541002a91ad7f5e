import { inspect } from "node:util";
import type { EpochDefinition } from "@watersmeet/core";
import type { EpochField } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";

/** The way from one form of a schema to the next. */
export interface UpcastStep {
  readonly from: readonly EpochField[];
  readonly to: readonly EpochField[];
  /** `null`: the change needs none. */
  readonly upcast: EpochDefinition["upcast"];
  /** Columns of `from` in which NULL is `undefined` to the author. */
  readonly nullAsAbsent: ReadonlySet<string>;
}

/** Brings a row through the steps, in their order. What it says nothing of is absent before and after (L12), and its key stays what it is (M39). */
export function upcastRow(row: Row, steps: readonly UpcastStep[]): Row {
  return steps.reduce(takeStep, row);
}

/** In one line. */
export function describeUpcastFault(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : `threw ${inspect(thrown, { depth: 0, maxStringLength: 80 })}`;
  return text.slice(0, 500);
}

function takeStep(row: Row, { from, to, upcast, nullAsAbsent }: UpcastStep): Row {
  const before = new Map(from.map((field) => [field.id, field]));
  const made = upcast === null ? null : callUpcaster(upcast, row, nullAsAbsent);
  const cells = to.flatMap((field): [string, unknown][] => {
    const old = before.get(field.id);
    const wasAbsent = old !== undefined && !Object.hasOwn(row, old.name);
    if (wasAbsent) return [];
    const kept = old === undefined ? undefined : carry(row[old.name], old, field);
    // NULL that the author has seen as `undefined`, and handed on, is said all the same.
    const value = made === null ? kept : (made[field.name] ?? (kept === null ? null : made[field.name]));
    if (!field.isKey) return value === undefined ? [] : [[field.name, value]];
    if (made !== null && value !== undefined && value !== kept) {
      throw new TypeError(`the upcaster changes the key column "${field.name}", which identifies the row`);
    }
    return [[field.name, kept]];
  });
  return Object.fromEntries(cells);
}

function callUpcaster(
  upcast: NonNullable<UpcastStep["upcast"]>,
  row: Row,
  nullAsAbsent: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  const given = Object.entries(row).filter(([name, value]) => value !== null || !nullAsAbsent.has(name));
  // Its parameter's type was derived from the schema that was left, which is gone at run time.
  const made: unknown = Reflect.apply(upcast, undefined, [Object.fromEntries(given)]);
  if (made !== null && typeof made === "object" && !(made instanceof Promise)) return { ...made };
  throw new TypeError(`the upcaster returned ${inspect(made, { depth: 0, maxStringLength: 80 })}, which is no row`);
}

/** The one change of a value's form in JavaScript that needs no code. */
function carry(value: unknown, from: EpochField, to: EpochField): unknown {
  return from.type.kind === "integer" && to.type.kind === "bigint" && typeof value === "number" ? BigInt(value) : value;
}
