import { sql } from "kysely";
import type { AnyAsset, In } from "../dsl/handles.ts";

/**
 * A handle over rows in memory, for unit tests of an asset's function: `await paid.fn(fake<typeof raw.orders>([{ … }]))`.
 * It goes for any mapping and for `Self`. In a query its alias stands for a table of that name.
 */
export function fake<A extends AnyAsset>(rows: Iterable<A["~row"]>): In<A, never>;
export function fake(rows: Iterable<unknown>): unknown {
  const list = [...rows];
  return Object.freeze({
    all: async () => [...list],
    first: async () => list[0],
    async *[Symbol.asyncIterator]() {
      yield* list;
    },
    as: (alias: string) => sql.table(alias).as(alias),
  });
}
