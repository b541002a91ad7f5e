import { DuckDBScalarFunction, VARCHAR, type DuckDBConnection } from "@duckdb/node-api";
import { canonicalJson } from "@watersmeet/core/schema";
import { jsonFunction } from "./duckdb-dialect.ts";

/**
 * Gives an instance the function that writes JSON texts as `canonicalJson` does: what SQL makes of JSON keeps the order and spacing it was made with.
 * DuckDB calls it in this process's main thread, some hundred thousand texts a second; only queries with columns of JSON pay for it.
 */
export function registerCanonicalJson(connection: DuckDBConnection): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: jsonFunction,
      parameterTypes: [VARCHAR],
      returnType: VARCHAR,
      mainFunction(_, input, output) {
        const texts = input.getColumnVector(0);
        for (let index = 0; index < input.rowCount; index += 1) {
          const text = texts.getItem(index);
          output.setItem(index, typeof text === "string" ? canonicalJson(JSON.parse(text)) : null);
        }
        output.flush();
      },
    }),
  );
}
