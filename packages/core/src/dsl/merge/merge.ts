import type { Compilable } from "kysely";
import { defineAsset, requireColumns } from "../define.ts";
import type { Asset, Rows } from "../handles.ts";
import type { Stored } from "../query.ts";
import type { AnySchema, ColumnName } from "../schema-type.ts";
import type { MergeOptions } from "./merge-options.ts";
import { readPolicy, readReducers } from "./read-policy.ts";
import { readTerms, type LooseMergeOptions } from "./read-terms.ts";

/** What a merge's function returns: its branches by name, each the handle of an input or a query over inputs. */
export type Branches = Readonly<Record<string, Rows<unknown> | Compilable>>;

type RowOf<B> = B extends { readonly "~each": unknown } ? B["~each"] : B extends Compilable<infer Q> ? Q : never;
type Name<K> = K extends string ? K : never;
// A branch's key may be null where the schema's is not: such rows go to quarantine, they are not a mistake of the author. So may any column of a feed that says
// what its rows do: a delete has nothing but its key.
type WrongColumns<O, R, K extends string, X> = {
  [C in keyof O & keyof R]: [
    [X] extends [never] ? (C extends K ? NonNullable<R[C]> : R[C]) : NonNullable<R[C]>,
  ] extends [Stored<O[C]>]
    ? never
    : C;
}[keyof O & keyof R];
type UndatedColumn<R, E extends string> = E extends keyof R
  ? [R[E]] extends [string | null | undefined]
    ? never
    : E
  : E;

// String literal types, because tsc prints them as the last line of its error.
type BranchComplaint<O, N extends string, R, K extends string, E extends string, X> =
  | `branch "${N}" does not deliver the key column "${Name<Exclude<K, keyof R>>}"`
  | `branch "${N}" does not deliver the event time "${UndatedColumn<R, E>}" as a date or timestamp`
  | `column "${Name<WrongColumns<O, R, K, X>>}" of branch "${N}" has another type than in the schema`
  | `column "${Name<Exclude<keyof R, keyof O | E | X>>}" of branch "${N}" is not declared in the schema`;
type Complaint<O, K extends string, B, E extends string, X> =
  | { [N in keyof B & string]: BranchComplaint<O, N, RowOf<B[N]>, K, E, X> }[keyof B & string]
  | `column "${Name<UndeliveredColumns<O, RowOf<B[keyof B]>>>}" is declared in the schema but no branch delivers it`;
type AllKeys<R> = R extends unknown ? keyof R : never;
type UndeliveredColumns<O, R> = {
  [C in keyof O]-?: C extends AllKeys<R> ? never : undefined extends Stored<O[C]> ? never : C;
}[keyof O];
type CheckBranches<O, K extends string, B, E extends string, X> = [Complaint<O, K, B, E, X>] extends [never]
  ? unknown
  : Complaint<O, K, B, E, X>;

/**
 * An asset in which branches converge: for each key, and within it for each cell, one branch's value wins by the policy, whatever the order of arrival.
 * A branch may deliver fewer columns than the schema has; what it leaves out is absent, which is not the same as null.
 *
 *     export const airports = merge(
 *       { schema: Airport, key: ["iata"], policy: "recencyFirst", columns: { name: "priorityFirst" }, trust: { faa: 1 }, eventTime: "updatedAt" },
 *       (faa: In<typeof registries.faa>, openFlights: In<typeof registries.openFlights>) => ({ faa, openFlights }),
 *     );
 *
 * @throws {DEFINITION_INVALID} when an option cannot be
 */
// Six type parameters: each is held by cases of `test/types/fixtures`.
export function merge<
  O,
  F extends (...inputs: never[]) => Branches,
  const K extends ColumnName<O>,
  const E extends string = never,
  const X extends string = never,
  const H extends readonly AnySchema[] | [] = [],
>(
  options: MergeOptions<O, K, ReturnType<NoInfer<F>>, E, X, H>,
  fn: F & CheckBranches<NoInfer<O>, NoInfer<K>, ReturnType<NoInfer<F>>, NoInfer<E>, NoInfer<X>>,
): Asset<O, F>;
export function merge(options: LooseMergeOptions, fn: (...inputs: never[]) => unknown): unknown {
  const columns = requireColumns(options.schema, "merge");
  const policy = readPolicy(options, columns);
  return defineAsset(options, { kind: "merge", fn, policy, reducers: readReducers(options), ...readTerms(options) });
}
