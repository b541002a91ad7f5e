import type { Compilable } from "kysely";
import { defineAsset } from "./define.ts";
import type { Asset } from "./handles.ts";
import type { CommonOptions, LooseOptions } from "./options.ts";

/** Options of {@link query}. */
export type QueryOptions<O, I> = CommonOptions<O, I>;

/** SQL has one NULL: a column that may be `undefined` may be `null` too, and the other way round. */
export type Stored<T> = T | (undefined extends T ? null : never) | (null extends T ? undefined : never);

type Name<K> = K extends string ? K : never;
type MissingColumns<O, Q> = {
  [K in keyof O]-?: K extends keyof Q ? never : undefined extends O[K] ? never : K;
}[keyof O];
type WrongColumns<O, Q> = { [K in keyof O & keyof Q]: [Q[K]] extends [Stored<O[K]>] ? never : K }[keyof O & keyof Q];

// String literal types, because tsc prints them as the last line of its error.
type Complaint<O, Q> =
  | `column "${Name<MissingColumns<O, Q>>}" is declared in the schema but the query does not select it`
  | `column "${Name<Exclude<keyof Q, keyof O>>}" is selected by the query but not declared in the schema`
  | `column "${Name<WrongColumns<O, Q>>}" has another type in the query than in the schema`;

/** `unknown` when the rows `Q` of a query fit the schema's rows `O`, else messages. A query whose columns are not known statically is left to the gates. */
export type CheckQuery<O, Q> = unknown extends Q
  ? unknown
  : string extends keyof Q
    ? unknown
    : [Complaint<O, Q>] extends [never]
      ? unknown
      : Complaint<O, Q>;

/**
 * An asset whose function returns a SQL query over its inputs; it runs inside the store, and its rows never pass through JavaScript.
 * The columns are checked against what readers of the schema see (`z.output`): too few, too many or another type is a compile error that names the column.
 *
 *     export const paid = query({ schema: Paid }, (o: In<typeof orders>, db: Db) =>
 *       db.selectFrom(o.as("o")).select(["o.id", "o.amount"]).where("o.status", "=", "paid"));
 *
 * @throws {DEFINITION_INVALID} when an option cannot be
 */
// Four type parameters: inputs and row apart are what lets tsc check the row without widening it.
export function query<O, I, P extends readonly unknown[], Q>(
  options: QueryOptions<O, I>,
  fn: ((...inputs: P) => Compilable<Q>) & CheckQuery<O, NoInfer<Q>>,
): Asset<O, (...inputs: P) => Compilable<Q>>;
export function query(options: LooseOptions, fn: (...inputs: never[]) => unknown): unknown {
  return defineAsset(options, { kind: "query", fn });
}
