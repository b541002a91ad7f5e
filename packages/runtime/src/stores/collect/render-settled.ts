import { cellPolicyOf, cellRules, type MergePolicy } from "@watersmeet/core/merge";
import type { Column, RowSchema } from "@watersmeet/core/schema";
import { compareStrings } from "@watersmeet/core/values";
import type { Dialect } from "../dialect.ts";
import type { CatalogBatch } from "../merge/catalog/batches.ts";
import { cellOf } from "../merge/contribution-table.ts";

/** What is settled of a partition. */
export interface Settling {
  /** Of contributions, in the form of the schema. */
  readonly table: string;
  readonly schema: RowSchema;
  readonly policy: MergePolicy;
  /** Microseconds: what is of an earlier time is settled. */
  readonly before: bigint;
  /** Batches whose contributions may go, and make others go. */
  readonly batches: readonly CatalogBatch[];
  /** All others of the partition. */
  readonly others: readonly CatalogBatch[];
}

/**
 * A SELECT of the contributions that go, as `_row` and `_batch`. Of each key that none of the other batches speaks of in the settled time:
 *
 * - upserts that are of an earlier time than a delete, or than a retract of their source;
 * - of the upserts that are left, those that have lost every cell to others *of their source*: a later retract of one source uncovers what the others said, and
 *   trust may be given anew. Where a cell is worked out from many, none of them goes;
 * - deletes and retracts that are of an earlier time than all that is left for them to hide.
 *
 * Whatever is compared across sources is compared by time alone, strictly: what trust or the batch would decide stays, and makes nothing go.
 */
export function renderSettled(dialect: Pick<Dialect, "rowId">, settling: Settling): string {
  const { policy, schema } = settling;
  const key = policy.key.map((name) => cellOf(schema, { name }));
  const same = (a: string, b: string) => key.map((cell) => `${a}.${cell} = ${b}.${cell}`).join(" and ");
  const names = key.join(", ");
  const steps = [
    `b as (${renderBatches(settling)})`,
    `e as (${renderSpeaking(dialect, settling)})`,
    `x as (${renderForeignKeys(settling)})`,
    `f as (select * from e where not exists (select 1 from x where ${same("x", "e")}))`,
    `d as (select ${names}, max(time_us) as time_us from f where op = 2 group by ${names})`,
    `r as (select ${names}, source, max(time_us) as time_us from f where op = 1 group by ${names}, source)`,
    `m as (select f.*, coalesce(f.time_us < d.time_us, false) or coalesce(f.time_us < r.time_us, false) as is_masked, coalesce(f.time_us = d.time_us, false) or coalesce(f.time_us = r.time_us, false) as is_unsure from f left join d on ${same("d", "f")} left join r on ${same("r", "f")} and r.source = f.source where f.op = 0)`,
    `u as (select *, is_unsure or ${renderIsKept(settling, names)} as is_kept from m where not is_masked)`,
    `k as (select ${names}, source, min(time_us) as time_us from u where is_kept group by ${names}, source)`,
    `a as (select ${names}, min(time_us) as time_us from k group by ${names})`,
  ];
  const gone = [
    "select _row, _batch from m where is_masked",
    "select _row, _batch from u where not is_kept",
    `select f._row, f._batch from f left join a on ${same("a", "f")} where f.op = 2 and (a.time_us is null or a.time_us > f.time_us)`,
    `select f._row, f._batch from f left join k on ${same("k", "f")} and k.source = f.source where f.op = 1 and (k.time_us is null or k.time_us > f.time_us)`,
  ];
  return `with ${steps.join(", ")} ${gone.join(" union all ")}`;
}

function renderBatches({ batches }: Settling): string {
  const sources = [...new Set(batches.map(({ source }) => source))].sort(compareStrings);
  const rows = batches.map(
    ({ batchSequence, number, source }) => `(${number}, ${sources.indexOf(source)}, ${batchSequence}::bigint)`,
  );
  return `select * from (values ${rows.join(", ")}) as b (number, source, lane)`;
}

/** Contributions of the settled time; `time_us` is the beginning of their bucket, where there is a tolerance, and `_at` the time itself. */
function renderSpeaking(dialect: Pick<Dialect, "rowId">, { before, policy, schema, table }: Settling): string {
  const width = policy.toleranceUs ?? 0;
  const time = width === 0 ? "t._at" : `t._at - (t._at % ${width} + ${width}) % ${width}`;
  const cells = schema.columns.map((_, index) => `t.c${index}`);
  const own = [
    `t.${dialect.rowId} as _row`,
    "t._batch",
    "t._present",
    "b.source",
    "b.lane",
    "coalesce(t._op, 0) as op",
    "t._at",
    `${time} as time_us`,
    "coalesce(t._sequence, 0) as sequence",
    "coalesce(t._ordinal, 0) as ordinal",
  ];
  return `select ${[...own, ...cells].join(", ")} from ${table} as t join b on b.number = t._batch where t._fault is null and t._copy is null and t._at < ${before}`;
}

function renderForeignKeys({ before, others, policy, schema, table }: Settling): string {
  const names = policy.key.map((name) => `t.${cellOf(schema, { name })}`).join(", ");
  const numbers = others.length === 0 ? "null" : others.map(({ number }) => number).join(", ");
  return `select distinct ${names} from ${table} as t where t._batch in (${numbers}) and t._fault is null and (t._at is null or t._at < ${before})`;
}

/** Whether a contribution has a cell that none of its source takes from it. Those that only their values would tell apart all have it. */
function renderIsKept(settling: Settling, key: string): string {
  const { policy, schema } = settling;
  const cells = schema.columns.flatMap((column, index) => {
    if (policy.key.includes(column.name)) return [];
    const present = renderPresent(settling, column, index);
    const { picks } = cellRules[cellPolicyOf(policy, column.name)];
    return present === null ? [] : [{ present, picks }];
  });
  if (cells.some(({ picks }) => picks === null)) return "true";
  const tops = [{ present: "true", picks: "greatest" }, ...cells].map(({ picks, present }) => {
    const order = ["_at", "sequence", "lane", "ordinal"].map((name) => `${name}${picks === "least" ? "" : " desc"}`);
    return `(${present} and rank() over (partition by ${key}, source, is_unsure, ${present} order by ${order.join(", ")}) = 1)`;
  });
  return `(${[...new Set(tops)].join(" or ")})`;
}

/** Whether a contribution says something of a column; `null`: none does. */
function renderPresent({ batches }: Settling, { name, nullAs }: Column, index: number): string | null {
  const carrying = batches.filter(({ columns }) => columns.includes(name));
  if (carrying.length === 0) return null;
  const conditions = [
    ...(carrying.length === batches.length ? [] : [`_batch in (${carrying.map(({ number }) => number).join(", ")})`]),
    ...(carrying.some(({ hasRowPresence }) => hasRowPresence) ? [`coalesce(get_bit(_present, ${index}), 1) = 1`] : []),
    ...(nullAs === "absent" ? [`c${index} is not null`] : []),
  ];
  return conditions.length === 0 ? "true" : `(${conditions.join(" and ")})`;
}
