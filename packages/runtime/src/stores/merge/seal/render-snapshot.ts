import { keyColumns, type MergeSpec } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { cellOf } from "../contribution-table.ts";
import type { MergeDialect } from "../merge-dialect.ts";
import { renderSameContribution } from "./render-seal.ts";

/** A snapshot that was just sealed whole, and what its source said before. */
export interface SealedSnapshot {
  readonly table: string;
  /** Batch that the retracts go to. */
  readonly batch: number;
  /** It, and those that its late rows went to. */
  readonly parts: readonly number[];
  /** A SELECT of the contributions of the source's batches before it, in the form of the table. */
  readonly before: string;
  /** Columns that the source delivers. */
  readonly carried: readonly Column[];
  /** Those batches, oldest first. */
  readonly chain: readonly number[];
}

/** How many rows the snapshot before it had. */
export function renderBaseCount(spec: MergeSpec, snapshot: SealedSnapshot): string {
  return `with ${renderState(spec, snapshot)} select count(*) as row_count from state where _op is null`;
}

/**
 * Retracts of the keys that the snapshot lacks. Each has the latest time and sequence that its source has given the key, so that it hides all that the
 * source said: there is no clock in it. A key whose row was rejected is not absent.
 */
export function renderRetracts(spec: MergeSpec, snapshot: SealedSnapshot): string {
  const key = keyCells(spec);
  const { table, batch, parts } = snapshot;
  const same = key.map((cell) => `t.${cell} = s.${cell}`).join(" and ");
  return `insert into ${table} (_batch, _op, _at, _sequence, ${key.join(", ")}) with ${renderState(spec, snapshot)} select ${batch}, 1, s.latest_at, nullif(s.latest_sequence, 0), ${key.map((cell) => `s.${cell}`).join(", ")} from state s where s._op is null and not exists (select 1 from ${table} t where t._batch in (${parts.join(", ")}) and ${same})`;
}

/** Takes out the rows that the source says already. */
export function renderDropUnchanged(dialect: MergeDialect, spec: MergeSpec, snapshot: SealedSnapshot): string {
  const { table } = snapshot;
  const parts = snapshot.parts.join(", ");
  return `delete from ${table} where _batch in (${parts}) and ${dialect.rowId} in (with ${renderState(spec, snapshot)} select t.${dialect.rowId} from ${table} t join state s on ${renderSameContribution(spec, snapshot.carried)} where t._batch in (${parts}) and t._fault is null)`;
}

/** The last that the source said of each key. */
function renderState(spec: MergeSpec, { before, chain }: SealedSnapshot): string {
  const key = keyCells(spec).join(", ");
  const order = `case _batch ${chain.map((batch, index) => `when ${batch} then ${index}`).join(" ")} end`;
  const latest = `max(_at) over (partition by ${key}) as latest_at, max(coalesce(_sequence, 0)) over (partition by ${key}) as latest_sequence`;
  const ranked = `select *, ${latest}, row_number() over (partition by ${key} order by ${order} desc, _at desc nulls last, coalesce(_sequence, 0) desc) as place from (${before}) as before where _fault is null`;
  return `state as (select * from (${ranked}) as ranked where place = 1)`;
}

function keyCells(spec: MergeSpec): readonly string[] {
  return keyColumns(spec.schema, spec.policy.key).map((column) => cellOf(spec.schema, column));
}
