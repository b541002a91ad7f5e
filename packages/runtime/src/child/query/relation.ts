import type { Db } from "@watersmeet/core";
import { WatersmeetError } from "@watersmeet/core/errors";
import {
  AliasNode,
  DummyDriver,
  IdentifierNode,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  TableNode,
  type AliasedExpression,
  type Expression,
} from "kysely";

/** A handle of a query or merge: a relation that the store makes, `input_0`, with these columns. It has no rows here. */
export class Relation {
  readonly table: string;
  readonly columns: readonly string[];
  readonly #name: string;

  constructor(name: string, table: string, columns: readonly string[]) {
    this.#name = name;
    this.table = table;
    this.columns = columns;
  }

  as<A extends string>(alias: A): AliasedExpression<unknown, A> {
    const table = TableNode.create(this.table);
    const expression: Expression<unknown> = { expressionType: undefined, toOperationNode: () => table };
    return { expression, alias, toOperationNode: () => AliasNode.create(table, IdentifierNode.create(alias)) };
  }

  all(): never {
    throw this.#noRows();
  }

  first(): never {
    throw this.#noRows();
  }

  [Symbol.asyncIterator](): never {
    throw this.#noRows();
  }

  #noRows(): WatersmeetError {
    return new WatersmeetError(
      "OUTPUT_INVALID",
      `the rows of input "${this.#name}" cannot be read in a query or merge`,
      {
        hint: `Use it as a table, ${this.#name}.as("${this.#name}"), or make this an asset instead of a query.`,
      },
    );
  }
}

/** Builds and compiles SQL for both stores (DuckDB reads PostgreSQL's dialect); connects to nothing. */
export function createQueryBuilder(): Db {
  return new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}
