import { inspect } from "node:util";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { CompiledQuery as KyselyQuery } from "kysely";
import { quoteIdentifier } from "../../exchange/quote.ts";
import type { Argument, CompiledBranch, CompiledQuery } from "../protocol.ts";
import { listColumns, listTables } from "./query-nodes.ts";
import { createQueryBuilder, Relation } from "./relation.ts";

type Relations = ReadonlyMap<string, readonly string[]>;

/** The SQL of what a query's function returned. @throws {OUTPUT_INVALID} when that is no query, or one over unknown tables */
export function compileQuery(returned: unknown, given: readonly Argument[]): CompiledQuery {
  if (returned instanceof Relation) return selectAllOf(returned);
  return describe(compile(returned, "the function"), relationsOf(given));
}

/** The branches of what a merge's function returned, in the order of its properties. @throws {OUTPUT_INVALID} */
export function compileBranches(returned: unknown, given: readonly Argument[]): readonly CompiledBranch[] {
  if (returned === null || typeof returned !== "object" || isCompilable(returned) || returned instanceof Relation) {
    throw invalid(
      "the function of a merge returned no branches",
      "Return the branches by name: (faa, openFlights) => ({ faa, openFlights }).",
    );
  }
  const relations = relationsOf(given);
  const entries = Object.entries(returned).filter(([, branch]) => branch !== undefined);
  return entries.map(([name, branch]) => compileBranch(name, branch, relations));
}

function compileBranch(name: string, branch: unknown, relations: Relations): CompiledBranch {
  if (branch instanceof Relation) {
    return { name, isHandle: true, columns: branch.columns, query: selectAllOf(branch) };
  }
  const compiled = compile(branch, `branch "${name}"`);
  const columns = listColumns(compiled.query, (table) => relations.get(table));
  if (columns === null) {
    throw invalid(
      `the columns of branch "${name}" cannot be told from its query`,
      'Name them: .select(["b.id", "b.name"]).',
    );
  }
  return { name, isHandle: false, columns, query: describe(compiled, relations) };
}

function compile(value: unknown, what: string): KyselyQuery {
  if (isCompilable(value)) return value.compile(createQueryBuilder());
  const shown = inspect(value, { depth: 0, maxStringLength: 80, breakLength: Infinity });
  throw invalid(
    `${what} returned ${shown}, which is no query`,
    'Return a query of db: db.selectFrom(orders.as("o")).select(…).',
  );
}

/** A query builder, or a piece of raw SQL, which needs a builder to compile. */
function isCompilable(value: unknown): value is { compile(by: unknown): KyselyQuery } {
  return value !== null && typeof value === "object" && "compile" in value && typeof value.compile === "function";
}

function describe(compiled: KyselyQuery, relations: Relations): CompiledQuery {
  const used = new Set(listTables(compiled.query).filter((table) => relations.has(table)));
  return {
    sql: compiled.sql,
    parameters: compiled.parameters,
    relations: [...relations.keys()].filter((table) => used.has(table)),
  };
}

function selectAllOf({ table, columns }: Relation): CompiledQuery {
  const names = columns.map(quoteIdentifier).join(", ");
  return { sql: `select ${names} from ${quoteIdentifier(table)}`, parameters: [], relations: [table] };
}

function relationsOf(given: readonly Argument[]): Relations {
  return new Map(
    given.flatMap((argument) => (argument.kind === "relation" ? [[argument.table, argument.columns] as const] : [])),
  );
}

function invalid(message: string, hint: string): WatersmeetError {
  return new WatersmeetError("OUTPUT_INVALID", message, { hint });
}
