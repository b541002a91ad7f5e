import { canonicalKey, listEpochFields, type Operation } from "@watersmeet/core/merge";
import type { Column, Row, RowSchema } from "@watersmeet/core/schema";
import type { StoredContribution } from "../../port/merge-records.ts";
import type { StoredAsset } from "../../port/staging.ts";
import { numberOf, toSqlValue, type SqlRow, type SqlSession, type SqlValue } from "../../sql-session.ts";
import { listDerived } from "../catalog/derived.ts";
import { listForms, type EpochForm } from "../catalog/epochs.ts";
import { qualifyContributions, schemaIdOf } from "../contribution-table.ts";
import type { MergeDialect } from "../merge-dialect.ts";
import { classOf } from "../seal/judge-lateness.ts";
import type { StandingBatch } from "./known-merge.ts";
import { readCells, renderCellText } from "./read-cells.ts";

/** Which contributions are read. */
export interface ContributionQuery {
  readonly asset: StoredAsset;
  readonly assetId: number;
  readonly batches: readonly StandingBatch[];
  /** Key cells in their JavaScript form; `null`: of all keys. */
  readonly key: Row | null;
  readonly limit: number;
}

/** Contributions as they were delivered, those of the newest batches first; columns have the names and types of the present schema. */
export async function readStored(
  session: SqlSession,
  dialect: MergeDialect,
  query: ContributionQuery,
): Promise<readonly StoredContribution[]> {
  const stored: StoredContribution[] = [];
  for (const place of await listPlaces(session, query)) {
    stored.push(...(await readPlace(session, dialect, { place, key: query.key, limit: query.limit })));
  }
  const order = new Map(query.batches.map((batch, index) => [batch.batchId, index]));
  return stored.toSorted((a, b) => (order.get(a.batchId) ?? 0) - (order.get(b.batchId) ?? 0)).slice(0, query.limit);
}

/** Batches whose rows stand in one table. */
interface Place {
  readonly table: string;
  readonly form: EpochForm;
  /** By the number that the rows stand under. */
  readonly batches: ReadonlyMap<number, StandingBatch>;
  /** Columns of the table, in its order, as they are called and typed now; a column that has gone is `null`. */
  readonly columns: readonly (Column | null)[];
}

/** What an upcaster has made of a batch is read in its place. */
async function listPlaces(
  session: SqlSession,
  { asset, assetId, batches }: ContributionQuery,
): Promise<readonly Place[]> {
  const forms = new Map((await listForms(session, assetId)).map((form) => [form.schemaId, form]));
  const present = schemaIdOf(asset.schema);
  const derived = new Map(
    (await listDerived(session, assetId))
      .filter(({ schemaId }) => schemaId === present)
      .map((one) => [one.number, one.derivedNumber]),
  );
  const placed = batches.map((batch) => {
    const number = derived.get(batch.number);
    return number === undefined
      ? { batch, number: batch.number, schemaId: batch.schemaId }
      : { batch, number, schemaId: present };
  });
  return [...Map.groupBy(placed, ({ schemaId }) => schemaId)].flatMap(([schemaId, some]) => {
    const form = forms.get(schemaId);
    if (form === undefined) return [];
    return [
      {
        table: qualifyContributions(assetId, schemaId),
        form,
        batches: new Map(some.map(({ batch, number }) => [number, batch])),
        columns: readColumns(asset.schema, form),
      },
    ];
  });
}

function readColumns(schema: RowSchema, form: EpochForm): readonly (Column | null)[] {
  const ids = listEpochFields(schema, []).map(({ id }) => id);
  return form.fields.map(({ id }) => schema.columns[ids.indexOf(id)] ?? null);
}

async function readPlace(
  session: SqlSession,
  dialect: MergeDialect,
  { place, key, limit }: { readonly place: Place; readonly key: Row | null; readonly limit: number },
): Promise<readonly StoredContribution[]> {
  const condition = key === null ? { sql: "", values: [] } : renderKey(dialect, place, key);
  if (condition === null) return [];
  const cells = place.form.fields.map(
    ({ type }, index) => `${renderCellText(dialect, type, `c${index}`)} as c${index}`,
  );
  const rows = await session.run(
    `select _batch, _fault, _op, _at, _sequence, _copy, _present::varchar as _present, ${cells.join(", ")} from ${place.table} where _batch in (${[...place.batches.keys()].join(", ")})${condition.sql} order by _batch desc, ${dialect.rowId} limit ${limit}`,
    condition.values,
  );
  return rows.flatMap((row) => {
    const batch = place.batches.get(numberOf(row, "_batch"));
    return batch === undefined ? [] : [describe(row, batch, place)];
  });
}

/** `null`: nothing has such a key. */
function renderKey(
  dialect: MergeDialect,
  { columns, form }: Place,
  key: Row,
): { readonly sql: string; readonly values: readonly SqlValue[] } | null {
  const own = form.fields.flatMap(({ isKey }, index) => {
    const column = columns[index];
    return isKey && column !== null && column !== undefined ? [{ column, index }] : [];
  });
  const canonical = canonicalKey(
    own.map(({ column }) => column),
    key,
  );
  if (canonical.kind === "fault") return null;
  const conditions = own.map(
    ({ column, index }, at) => ` and c${index} = $${at + 1}::${dialect.store.renderType(column.type)}`,
  );
  return { sql: conditions.join(""), values: own.map(({ column }) => toSqlValue(canonical.cells[column.name])) };
}

const operations: readonly Operation[] = ["upsert", "retract", "delete"];

function describe(row: SqlRow, batch: StandingBatch, { columns, form }: Place): StoredContribution {
  const carried = new Set(batch.columns);
  const present = row["_present"] ?? null;
  const at = row["_at"] ?? null;
  const said = (index: number, nullAs: Column["nullAs"]): boolean => {
    const name = form.fields[index]?.name ?? "";
    const isNothing = nullAs === "absent" && (row[`c${index}`] ?? null) === null;
    return carried.has(name) && (present === null || present[index] !== "0") && !isNothing;
  };
  return {
    batchId: batch.batchId,
    branch: batch.source,
    standing: batch.standing,
    operation: operations[Number(row["_op"] ?? 0)] ?? "upsert",
    key: readCells(columns, row, (_, index) => form.fields[index]?.isKey === true),
    cells: readCells(columns, row, ({ nullAs }, index) => form.fields[index]?.isKey !== true && said(index, nullAs)),
    eventTimeUs: at,
    sequence: row["_sequence"] ?? "0",
    batchSequence: String(batch.batchSequence),
    epoch: batch.epoch,
    lateClass: classOf(at === null ? null : BigInt(at), batch.lateBounds),
    fault: row["_fault"] ?? null,
    copy: Number(row["_copy"] ?? 0),
  };
}
