/**
 * A zod schema as the language sees it: by structure. Naming zod's own types here makes every asset cost twelve times as much to check
 * (`docs/reference/asset-language.md`, "What the types cost").
 */
export interface SchemaOf<O, I> {
  readonly _zod: { readonly output: O; readonly input: I };
}

export type AnySchema = SchemaOf<unknown, unknown>;

/** What readers of a schema's rows see. */
export type Out<S extends AnySchema> = S["_zod"]["output"];

/** The keys of a row that can name a column. */
export type ColumnName<Row> = keyof Row & string;
