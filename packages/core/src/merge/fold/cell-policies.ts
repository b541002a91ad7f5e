import { canonicalJson } from "../../schema/canonical-json.ts";
import type { Column, ColumnType } from "../../schema/row-schema.ts";
import type { Reducer } from "../contribution/contribution.ts";
import type { TokenOrder } from "../contribution/token.ts";
import type { CellPolicy } from "../policy.ts";
import { compareValues, isOrderedType } from "./compare-values.ts";
import { addExactly, isSummableType } from "./exact-sum.ts";

/** A contribution that survived the deletes, with what it says of one column. */
export interface Candidate<C> {
  readonly contribution: C;
  readonly value: unknown;
  /** In the order that the policy asks for. */
  readonly token: Buffer;
}

/** What a policy makes of the candidates of one cell. */
export interface CellOutcome<C> {
  readonly value: unknown;
  /** Contributions that the value comes from. */
  readonly winners: readonly C[];
}

/** Where a cell is. */
export interface CellPlace {
  readonly column: Column;
  /** What the author joins values with; only where the policy is `custom`. */
  readonly reducer: Reducer | undefined;
}

/** How one kind of policy works. A new policy is a new entry: nothing else asks which policy it is. */
export interface CellRule {
  readonly order: TokenOrder;
  /**
   * Whether the contribution with the greatest or the least token has the cell to itself, null included; `null`: the value is worked out from those of all
   * contributions, and null says nothing.
   */
  readonly picks: "greatest" | "least" | null;
  /** Types of columns that can have the policy, in words; `null`: all. */
  readonly types: { readonly fit: (type: ColumnType) => boolean; readonly words: string } | null;
  /** There may be no candidates; their order means nothing. */
  choose<C>(candidates: readonly Candidate<C>[], place: CellPlace): CellOutcome<C>;
}

const ordered = { fit: isOrderedType, words: "any type but JSON" };
const whole = { fit: isWholeType, words: "a whole number" };
const summable = { fit: isSummableType, words: "a whole number or a decimal: sums of floats depend on the order" };
const json = { fit: (type: ColumnType) => type.kind === "json", words: "JSON, with arrays" };
const recencyFirst = { order: "recencyFirst", types: null, picks: null } as const;

export const cellRules: Readonly<Record<CellPolicy, CellRule>> = {
  recencyFirst: { ...recencyFirst, picks: "greatest", choose: chooseGreatestToken },
  priorityFirst: { order: "priorityFirst", types: null, picks: "greatest", choose: chooseGreatestToken },
  first: { ...recencyFirst, picks: "least", choose: chooseLeastToken },
  min: { ...recencyFirst, types: ordered, choose: (candidates, place) => chooseExtreme(candidates, place, -1) },
  max: { ...recencyFirst, types: ordered, choose: (candidates, place) => chooseExtreme(candidates, place, 1) },
  setUnion: { ...recencyFirst, types: json, choose: workOut(ifAny(uniteSets)) },
  sum: {
    ...recencyFirst,
    types: summable,
    choose: workOut(ifAny((values, { column }) => addExactly(column, values))),
  },
  count: {
    ...recencyFirst,
    types: whole,
    choose: workOut((values, { column }) => (column.type.kind === "bigint" ? BigInt(values.length) : values.length)),
  },
  custom: { ...recencyFirst, choose: workOut(ifAny(reduceValues)) },
};

function isWholeType(type: ColumnType): boolean {
  return type.kind === "integer" || type.kind === "bigint";
}

function chooseGreatestToken<C>(candidates: readonly Candidate<C>[]): CellOutcome<C> {
  return chooseBest(candidates, (one, other) => Buffer.compare(one.token, other.token));
}

function chooseLeastToken<C>(candidates: readonly Candidate<C>[]): CellOutcome<C> {
  return chooseBest(candidates, (one, other) => Buffer.compare(other.token, one.token));
}

/** Of equal values the one with the greatest token. */
function chooseExtreme<C>(candidates: readonly Candidate<C>[], { column }: CellPlace, sign: 1 | -1): CellOutcome<C> {
  return chooseBest(
    speaking(candidates),
    (one, other) => sign * compareValues(column.type, one.value, other.value) || Buffer.compare(one.token, other.token),
  );
}

function chooseBest<C>(
  candidates: readonly Candidate<C>[],
  compare: (one: Candidate<C>, other: Candidate<C>) => number,
): CellOutcome<C> {
  const [first, ...others] = candidates;
  if (first === undefined) return { value: null, winners: [] };
  const winner = others.reduce((best, other) => (compare(other, best) > 0 ? other : best), first);
  return { value: winner.value, winners: [winner.contribution] };
}

type Join = (values: readonly unknown[], place: CellPlace) => unknown;

/** Every contribution that has a value is a winner. */
function workOut(join: Join): CellRule["choose"] {
  return (candidates, place) => {
    const said = speaking(candidates).toSorted((a, b) => Buffer.compare(a.token, b.token));
    const values = said.map(({ value }) => value);
    return { value: join(values, place), winners: said.map(({ contribution }) => contribution) };
  };
}

function ifAny(join: Join): Join {
  return (values, place) => (values.length === 0 ? null : join(values, place));
}

function speaking<C>(candidates: readonly Candidate<C>[]): readonly Candidate<C>[] {
  return candidates.filter(({ value }) => value !== null);
}

/** What is no array is a set of one. */
function uniteSets(values: readonly unknown[]): unknown {
  const elements = values.flatMap((value): readonly unknown[] => (Array.isArray(value) ? value : [value]));
  const byText = new Map(elements.map((element) => [canonicalJson(element), element]));
  return [...byText]
    .map(([text, element]) => ({ bytes: Buffer.from(text), element }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ element }) => element);
}

function reduceValues(values: readonly unknown[], { column, reducer }: CellPlace): unknown {
  if (reducer === undefined) throw new TypeError(`There is no function for the custom column "${column.name}"`);
  return values.reduce((a, b) => reducer(a, b));
}
