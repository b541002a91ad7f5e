import type { CompiledQuery } from "../child/protocol.ts";
import type { InputVersions, StagedQuery, VersionRef } from "../stores/port/staging.ts";
import type { Relations } from "./arguments.ts";

/**
 * A query over pinned versions. Its relations are all of the function's, in their order, so that `input_1` is the second whatever the query uses. `narrowed`: of one of them
 * it reads a single version.
 */
export function bindQuery(
  { sql, parameters }: CompiledQuery,
  relations: Relations,
  narrowed?: { readonly table: string; readonly only: VersionRef },
): StagedQuery {
  const inputs = [...relations].map(([table, { input }]): InputVersions => {
    if (narrowed?.table !== table) return input;
    const { partition, version } = narrowed.only;
    return { asset: input.asset, versions: [{ partition, version }] };
  });
  return { sql, parameters, inputs };
}
