import type { $ZodTypes } from "zod/v4/core";
import type { Problem } from "../../errors/problem.ts";
import { canonicalValue } from "../../schema/canonical-row.ts";
import { buildCellParser, shapeOf } from "../../schema/cell-parser.ts";
import { normalizeValue } from "../../schema/normalize-value.ts";
import type { Column, RowSchema } from "../../schema/row-schema.ts";
import { asZodTypes } from "../../schema/zod-schema.ts";
import { compareStrings } from "../../values/compare.ts";
import { arbitraryValue, type Arbitrary, type FastCheck } from "./arbitrary-value.ts";
import { findBrokenLaw } from "./find-broken-law.ts";

/** A merge, as far as its authors' functions go. */
export interface ReducingMerge {
  /** The zod object. */
  readonly schema: unknown;
  /** What it comes to as columns. */
  readonly columns: RowSchema;
  /** By column with the policy `custom`. */
  readonly reducers: Readonly<Record<string, (a: never, b: never) => unknown>>;
}

/**
 * Tries the laws that a function of an author's must keep, on generated values of its column, and says which one it breaks and by what values: adding up, joining
 * texts, filling gaps, comparing within a distance and taking what came last are all found. It runs the author's code: call it where that may run.
 *
 * @returns at most one problem (`MERGE_POLICY_INVALID`) for each column, by column
 */
export async function checkReducers(merge: ReducingMerge): Promise<readonly Problem[]> {
  const columns = merge.columns.columns
    .filter(({ name }) => Object.hasOwn(merge.reducers, name))
    .toSorted((a, b) => compareStrings(a.name, b.name));
  if (columns.length === 0) return [];
  // Most projects have no such function and need not load it.
  const { default: fc } = await import("fast-check");
  return columns.flatMap((column) => checkReducer(fc, merge, column));
}

function checkReducer(fc: FastCheck, merge: ReducingMerge, column: Column): readonly Problem[] {
  const { name, type } = column;
  const reducer = merge.reducers[name];
  if (reducer === undefined) return [];
  const problem = (message: string, hint: string): readonly Problem[] => [
    { code: "MERGE_POLICY_INVALID", message: `the function of the column "${name}" ${message}`, hint },
  ];
  const schema = columnSchema(merge, column);
  const holds = buildTest(merge, column, schema);
  const values = findValues(fc, arbitraryValue(fc, schema, type), holds);
  if (values === null)
    return problem(
      "cannot be tried: no values were found that its column holds",
      "Checks of the column leave too little to find by chance. Use one of the policies by name, or a wider type.",
    );
  const broken = findBrokenLaw(fc, {
    values,
    holds,
    join: (a, b) => Reflect.apply(reducer, undefined, [a, b]),
    bytesOf: (value) => canonicalValue(type, normalizeValue(type, value).value).toString("hex"),
  });
  return broken === null ? [] : problem(broken, lawHint);
}

const lawHint =
  "Rows come in any order and more than once, so it must be commutative, associative and idempotent. Let it choose one of the two values by an order of them, or unite sets; add up with the policy sum.";

/** Whether the column can hold a value. What a transformation makes would not pass it a second time: there the column's type alone decides. */
function buildTest({ schema, columns }: ReducingMerge, column: Column, own: $ZodTypes): (value: unknown) => boolean {
  const parseCell = buildCellParser(schema, columns);
  const isMade = isTransformed(own);
  return (value) => {
    if (value === null || value === undefined) return false;
    const { value: parsed, problem } = isMade ? normalizeValue(column.type, value) : parseCell(column.name, value);
    return problem === null && parsed !== null;
  };
}

const tries = 300;

/** Values that pass: by chance where enough do, otherwise those that were found. `null`: too few were. */
function findValues(fc: FastCheck, made: Arbitrary, holds: (value: unknown) => boolean): Arbitrary | null {
  const passing = fc.sample(made, { numRuns: tries, seed: 1 }).filter(holds);
  if (passing.length >= tries / 10) return made.filter(holds);
  return passing.length > 2 ? fc.constantFrom(...passing) : null;
}

function isTransformed(schema: $ZodTypes): boolean {
  const def = schema._zod.def;
  return def.type === "pipe" || ("innerType" in def && isTransformed(asZodTypes(def.innerType)));
}

function columnSchema({ schema }: ReducingMerge, { name }: Column): $ZodTypes {
  const own = shapeOf(schema)[name];
  if (own === undefined) throw new TypeError(`The zod object has no property "${name}"`);
  return asZodTypes(own);
}
