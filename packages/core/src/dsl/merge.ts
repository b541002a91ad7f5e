import type { Compilable } from "kysely";
import type { LatePolicy } from "../merge/late/late-policy.ts";
import type { CellPolicy, MergePolicy, RowPolicy } from "../merge/policy.ts";
import { defineAsset, invalid, requireColumnNames, requireColumns } from "./define.ts";
import { parseDuration, type Duration } from "./duration.ts";
import type { Asset, Rows } from "./handles.ts";
import type { CommonOptions, LooseOptions } from "./options.ts";
import type { Stored } from "./query.ts";
import type { ColumnName } from "./schema-type.ts";

/** What a merge's function returns: its branches by name, each the handle of an input or a query over inputs. */
export type Branches = Readonly<Record<string, Rows<unknown> | Compilable>>;

/** Options of {@link merge}. `K` are the key columns, `B` the branches, `E` the name of the event time. */
export interface MergeOptions<O, K extends string, B, E extends string> extends Omit<CommonOptions<O, unknown>, "key"> {
  /** Columns that identify a row. Every branch delivers them. */
  readonly key: readonly K[];
  /** How the winner of a cell is chosen. There is no default: only the author knows. */
  readonly policy: RowPolicy;
  /** Columns that choose their winner in another way. */
  readonly columns?: { readonly [C in ColumnName<NoInfer<O>>]?: CellPolicy };
  /** Rank of branches by name; greater is more trusted. @default 0 */
  readonly trust?: { readonly [N in keyof B]?: number };
  /** Column that says since when a row is true. Every branch delivers it; the schema need not have it. Without one all rows are equally old. */
  readonly eventTime?: E;
  /** What becomes of rows that come late. */
  readonly late?: { readonly grace: Duration; readonly beyond: LatePolicy["beyond"] };
}

type RowOf<B> = B extends { readonly "~each": unknown } ? B["~each"] : B extends Compilable<infer Q> ? Q : never;
type Name<K> = K extends string ? K : never;
// A branch's key may be null where the schema's is not: such rows go to quarantine, they are not a mistake of the author.
type WrongColumns<O, R, K extends string> = {
  [C in keyof O & keyof R]: [C extends K ? NonNullable<R[C]> : R[C]] extends [Stored<O[C]>] ? never : C;
}[keyof O & keyof R];
type UndatedColumn<R, E extends string> = E extends keyof R
  ? [R[E]] extends [string | null | undefined]
    ? never
    : E
  : E;

// String literal types, because tsc prints them as the last line of its error.
type BranchComplaint<O, N extends string, R, K extends string, E extends string> =
  | `branch "${N}" does not deliver the key column "${Name<Exclude<K, keyof R>>}"`
  | `branch "${N}" does not deliver the event time "${UndatedColumn<R, E>}" as a date or timestamp`
  | `column "${Name<WrongColumns<O, R, K>>}" of branch "${N}" has another type than in the schema`
  | `column "${Name<Exclude<keyof R, keyof O | E>>}" of branch "${N}" is not declared in the schema`;
type Complaint<O, K extends string, B, E extends string> =
  | { [N in keyof B & string]: BranchComplaint<O, N, RowOf<B[N]>, K, E> }[keyof B & string]
  | `column "${Name<UndeliveredColumns<O, RowOf<B[keyof B]>>>}" is declared in the schema but no branch delivers it`;
type AllKeys<R> = R extends unknown ? keyof R : never;
type UndeliveredColumns<O, R> = {
  [C in keyof O]-?: C extends AllKeys<R> ? never : undefined extends Stored<O[C]> ? never : C;
}[keyof O];
type CheckBranches<O, K extends string, B, E extends string> = [Complaint<O, K, B, E>] extends [never]
  ? unknown
  : Complaint<O, K, B, E>;

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
// Four type parameters: each is held by cases of `test/types/fixtures`.
export function merge<
  O,
  F extends (...inputs: never[]) => Branches,
  const K extends ColumnName<O>,
  const E extends string = never,
>(
  options: MergeOptions<O, K, ReturnType<NoInfer<F>>, E>,
  fn: F & CheckBranches<NoInfer<O>, NoInfer<K>, ReturnType<NoInfer<F>>, NoInfer<E>>,
): Asset<O, F>;
export function merge(options: LooseMergeOptions, fn: (...inputs: never[]) => unknown): unknown {
  const columns = requireColumns(options.schema, "merge");
  return defineAsset(options, { kind: "merge", fn, policy: readPolicy(options, columns), ...readLate(options.late) });
}

interface LooseMergeOptions extends LooseOptions {
  readonly policy: MergePolicy["rows"];
  readonly columns?: Readonly<Record<string, CellPolicy | undefined>>;
  readonly trust?: Readonly<Record<string, number | undefined>>;
  readonly eventTime?: string;
  readonly late?: { readonly grace: string; readonly beyond: LatePolicy["beyond"] };
}

const cellPolicies: readonly string[] = ["recencyFirst", "priorityFirst"];

function readPolicy(options: LooseMergeOptions, columns: readonly string[]): MergePolicy {
  const key = options.key ?? [];
  if (key.length === 0) throw invalid("merge() needs a key", 'Name the columns that identify a row: key: ["id"]');
  requireColumnNames(key, columns, "key");
  if (options.policy !== "unionDistinct" && !cellPolicies.includes(options.policy)) {
    throw invalid(
      `merge() needs a policy, and "${options.policy}" is none`,
      "Choose recencyFirst, priorityFirst or unionDistinct",
    );
  }
  return Object.freeze({
    key: Object.freeze(columns.filter((column) => key.includes(column))),
    rows: options.policy,
    columns: readColumnPolicies(options, columns),
    trust: readTrust(options.trust ?? {}),
    eventTime: options.eventTime ?? null,
  });
}

function readColumnPolicies(options: LooseMergeOptions, columns: readonly string[]): MergePolicy["columns"] {
  const policies: Record<string, CellPolicy> = {};
  for (const [column, policy] of Object.entries(options.columns ?? {})) {
    if (policy === undefined) continue;
    requireColumnNames([column], columns, "columns");
    if (options.key?.includes(column))
      throw invalid(
        `columns gives a policy to "${column}", which is part of the key`,
        "Leave it out: a key is equal in all branches",
      );
    if (options.policy === "unionDistinct")
      throw invalid(
        "columns cannot be given with unionDistinct",
        "It keeps whole rows: leave columns out, or choose another policy",
      );
    if (!cellPolicies.includes(policy))
      throw invalid(`"${policy}" is not a policy for a column`, "Choose recencyFirst or priorityFirst");
    policies[column] = policy;
  }
  return Object.freeze(policies);
}

function readTrust(trust: Readonly<Record<string, number | undefined>>): MergePolicy["trust"] {
  const ranks: Record<string, number> = {};
  for (const [branch, rank] of Object.entries(trust)) {
    if (rank === undefined) continue;
    if (!Number.isInteger(rank) || Math.abs(rank) > 1_000_000)
      throw invalid(`the trust of "${branch}" is ${rank}`, "Give whole numbers up to 1,000,000");
    ranks[branch] = rank;
  }
  return Object.freeze(ranks);
}

function readLate(late: LooseMergeOptions["late"]): { readonly late?: LatePolicy } {
  if (late === undefined) return {};
  return { late: Object.freeze({ graceMs: parseDuration(late.grace), beyond: late.beyond }) };
}
