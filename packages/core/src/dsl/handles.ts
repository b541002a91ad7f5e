import type { AliasedExpression } from "kysely";
import type { Mapping, Offset, Same } from "./mappings.ts";
import type { AnySchema, Out } from "./schema-type.ts";

/** What an exported asset must have to be named in `In<typeof …>`. The row type is reached by index, never by `infer`: see section "What the types cost" of the docs. */
export interface AnyAsset {
  readonly "~row": unknown;
}

/**
 * What `asset`, `source`, `query` and `merge` return, as authors see it. The members named with `~` exist for types alone.
 * `fn` is the author's function unchanged, so a unit test calls it: `await paid.fn(fake<typeof orders>([…]))`.
 */
export interface Asset<Row, F> extends AnyAsset {
  readonly "~row": Row;
  readonly kind: "asset" | "source" | "query" | "merge";
  readonly fn: F;
}

/** Rows that can be read once or many times, at the versions that were pinned when the step was planned. */
export interface Rows<Row> {
  readonly "~each": Row;
  /** Every row in memory: for small inputs. */
  all(): Promise<Row[]>;
  /** The first row in the store's order; `undefined` when there is none. */
  first(): Promise<Row | undefined>;
  /** Streams the rows; memory stays bounded whatever the size. */
  [Symbol.asyncIterator](): AsyncIterator<Row>;
  /** The rows as a table of a query: `db.selectFrom(orders.as("o"))`. */
  as<N extends string>(alias: N): AliasedExpression<Row, N>;
}

/** An input: rows of an upstream asset. The type is the dependency; there is no other way to declare one. */
export interface In<A extends AnyAsset, M extends Mapping = Same> extends Rows<A["~row"]> {
  readonly "~mapping": M;
}

/** The asset's own rows of an earlier partition, by default of the one before, by the type of its schema (the asset's own type would be circular, TS7022). */
export interface Self<S extends AnySchema, M extends Mapping = Offset<-1>> extends Rows<Out<S>> {
  readonly "~mapping": M;
}
