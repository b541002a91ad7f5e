import type { Kysely } from "kysely";

/** Builds SQL over handles. It knows no table by name: every table of a query is `handle.as("alias")`. */
// oxlint-disable-next-line typescript/no-empty-object-type -- kysely's spelling of a database without tables
export type Db = Kysely<{}>;
