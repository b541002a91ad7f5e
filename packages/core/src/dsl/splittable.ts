import { isPartCount, mostParts } from "../values/partitions/split-parts.ts";
import { invalid } from "./define.ts";
import type { SplitTerms } from "./definition.ts";

/**
 * How a partition of an asset may be made in slices, at the same time, and joined again:
 *
 *     splittable: { by: "customerId" }                            // of its only input, when a partition is far larger than its siblings
 *     splittable: { by: "customerId", input: "orders", parts: 8 } // of several inputs, always in eight
 *
 * It is a promise of the author's: called with the rows of some values of the column, the function gives what it gives for these values among all.
 */
export interface SplitOption<C extends string = string> {
  /** Column of the input. All rows with one value of it come in one slice, those without a value too. */
  readonly by: C;
  /** Name of the parameter, or of its member, whose rows are sliced; every slice reads all rows of the others. @default the only input */
  readonly input?: string;
  /** `"auto"`: as many as a skewed partition needs, and none for the others. A number, up to 64: always so many; 1 is never. @default "auto" */
  readonly parts?: number | "auto";
}

/** Columns of any of the inputs among the parameters `P`, members of a parameter included. */
export type InputColumn<P extends readonly unknown[]> = { [N in keyof P]: ColumnOf<P[N]> }[number];

type ColumnOf<H> = H extends Handle ? HandleColumn<H> : { [M in keyof H]: HandleColumn<H[M]> }[keyof H];
type HandleColumn<H> = NonNullable<H> extends Handle ? keyof NonNullable<H>["~each"] & string : never;
interface Handle {
  readonly "~each": unknown;
}

/** @throws {DEFINITION_INVALID} */
export function readSplit(option: SplitOption): SplitTerms {
  const { by, input = null, parts = "auto" } = option;
  if (typeof by !== "string" || by === "")
    throw invalid("splittable names no column", 'Name a column of the input: splittable: { by: "customerId" }');
  if (parts !== "auto" && !isPartCount(parts))
    throw invalid(`splittable.parts is ${String(parts)}`, `Give "auto", or a whole number from 1 to ${mostParts}`);
  return Object.freeze({ by, input, parts });
}
