import { join } from "node:path";
import { keyColumns, planEpochReading, type MergeSpec } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { quoteIdentifier, quoteLiteral } from "../../../exchange/quote.ts";
import type { MergeStageHost } from "../../merge-seam.ts";
import type { StagedMerge } from "../../port/staged-merge.ts";
import { numberOf } from "../../sql-session.ts";
import { takeBatchNumbers, type CatalogBatch } from "../catalog/batches.ts";
import { insertDerived, type DerivedBatch } from "../catalog/derived.ts";
import type { EpochForm } from "../catalog/epochs.ts";
import { cellOf, contributionTableName, qualifyContributions } from "../contribution-table.ts";
import type { MergeDialect } from "../merge-dialect.ts";

/** What batches are brought from and to. */
export interface DeriveWork {
  readonly dialect: MergeDialect;
  readonly host: MergeStageHost;
  readonly merge: Pick<StagedMerge, "epochs" | "functions">;
  readonly spec: MergeSpec;
  readonly forms: readonly EpochForm[];
  readonly form: EpochForm;
  readonly derived: readonly DerivedBatch[];
}

/**
 * Runs the rows of batches through the author's upcasters, where those lead from their form to the present one and have not done so yet. What comes of it stands beside the batch: the same
 * contributions with the same tokens, counted once. Answers what is new.
 */
export async function deriveBatches(
  work: DeriveWork,
  batches: readonly CatalogBatch[],
): Promise<readonly DerivedBatch[]> {
  const { derived, form, forms, merge } = work;
  const chain = { steps: merge.epochs ?? [], present: form.fields };
  const made: DerivedBatch[] = [];
  for (const batch of batches) {
    const written = forms.find((one) => one.schemaId === batch.schemaId && one.schemaId !== form.schemaId);
    if (written === undefined || merge.functions === undefined) continue;
    const reading = planEpochReading(chain, written);
    if (reading.kind !== "upcast") continue;
    if (derived.some((one) => one.number === batch.number && one.reading === reading.fingerprint)) continue;
    const from = chain.steps.findIndex(({ hash }) => hash === written.hash);
    made.push(
      await deriveBatch(
        { ...work, functions: merge.functions },
        { batch, written, from, reading: reading.fingerprint, index: made.length },
      ),
    );
  }
  return made;
}

interface DerivedOne {
  readonly batch: CatalogBatch;
  readonly written: EpochForm;
  /** Index of the form among those that were left behind. */
  readonly from: number;
  readonly reading: string;
  readonly index: number;
}

async function deriveBatch(
  work: DeriveWork & { readonly functions: NonNullable<StagedMerge["functions"]> },
  one: DerivedOne,
): Promise<DerivedBatch> {
  const { dialect, form, functions, host, spec } = work;
  const { batch, written, reading } = one;
  const file = await host.exportRows({
    select: renderExport(work, one),
    schema: { columns: [ordinal, said, ...written.fields.map(toNullable)] },
    path: join(functions.directory, `upcast-${batch.number}`),
  });
  const given = host.stagingTable(`up${one.index}`);
  await host.importRows(given, await functions.upcast({ from: one.from, file }));
  const [derivedNumber = 0] = await takeBatchNumbers(host.session, 1);
  const table = contributionTableName(host.assetId, spec.schema);
  await host.session.run(dialect.begin);
  try {
    for (const statement of renderDerived(work, one, { table, given, derivedNumber }))
      await host.session.run(statement);
    const [row] = await host.session.run(
      `select count(*) as count from ${table} where _batch = ${derivedNumber} and _fault like 'upcastFailed%'`,
    );
    const key = new Set(spec.policy.key);
    const derived: DerivedBatch = {
      number: batch.number,
      derivedNumber,
      reading,
      schemaId: form.schemaId,
      columns: form.fields.map(({ name }) => name).filter((name) => !key.has(name)),
      hasRowPresence: true,
      failedCount: row === undefined ? 0 : numberOf(row, "count"),
    };
    await insertDerived(host.session, host.assetId, derived);
    await host.session.run("commit");
    return derived;
  } catch (error) {
    await host.session.run("rollback").catch(() => {});
    throw error;
  }
}

const ordinal: Column = { name: "_ordinal", type: { kind: "bigint" }, isNullable: false, nullAs: "null" };
const said: Column = { name: "_present", type: { kind: "text" }, isNullable: true, nullAs: "null" };

function toNullable({ name, type }: EpochForm["fields"][number]): Column {
  return { name, type, isNullable: true, nullAs: "null" };
}

/** Upserts of a batch, numbered. Nothing of a sealed batch changes, so that the numbers are the same whenever it is read. */
function renderNumbered({ dialect, host }: DeriveWork, { batch }: DerivedOne): string {
  const table = qualifyContributions(host.assetId, batch.schemaId);
  return `select *, row_number() over (order by ${dialect.rowId}) as _row from ${table} where _batch = ${batch.number} and _fault is null and _op is null`;
}

function renderExport(work: DeriveWork, one: DerivedOne): string {
  const { batch, written } = one;
  const cells = written.fields.map(({ name }, index) => `c${index} as ${quoteIdentifier(name)}`);
  const carried = written.fields.flatMap(({ name, isKey }, index) =>
    !isKey && batch.columns.includes(name) ? [{ name, index }] : [],
  );
  const isWhole = carried.length === written.fields.filter(({ isKey }) => !isKey).length && !batch.hasRowPresence;
  const names = carried.map(({ name, index }) => {
    const text = quoteLiteral(`${JSON.stringify(name)},`);
    return batch.hasRowPresence
      ? `case when coalesce(get_bit(_present, ${index}), 1) = 1 then ${text} else '' end`
      : text;
  });
  const list = isWhole ? "null::varchar" : `'[' || rtrim(${["''", ...names].join(" || ")}, ',') || ']'`;
  return `select _row as "_ordinal", ${list} as "_present", ${cells.join(", ")} from (${renderNumbered(work, one)}) as numbered order by _row`;
}

/** INSERTs of what came back, and of what says nothing but a key. */
function renderDerived(
  work: DeriveWork,
  one: DerivedOne,
  { table, given, derivedNumber }: { readonly table: string; readonly given: string; readonly derivedNumber: number },
): readonly string[] {
  const { dialect, host, spec, form } = work;
  const { batch, written } = one;
  const key = keyColumns(spec.schema, spec.policy.key);
  const cells = spec.schema.columns.map((column) => {
    const value = `u.${quoteIdentifier(column.name)}::${dialect.renderCellType(column.type)}`;
    return key.includes(column) && column.type.kind === "text" ? dialect.renderNormalized(value) : value;
  });
  const bits = spec.schema.columns.map(({ name }) => {
    if (spec.policy.key.includes(name)) return "'1'";
    const list = `u."_present"::${dialect.store.renderType({ kind: "json" })}`;
    return `case when ${dialect.renderContainsName(list, name)} then '1' else '0' end`;
  });
  const present = `(${bits.join(" || ")})::${dialect.presenceType}`;
  const fault = `case when u."_fault" is not null then 'upcastFailed: ' || u."_fault" end`;
  const names = [
    "_batch",
    "_fault",
    "_at",
    "_sequence",
    "_ordinal",
    "_copy",
    "_present",
    ...spec.schema.columns.map((column) => cellOf(spec.schema, column)),
  ];
  const upserts = `insert into ${table} (${names.join(", ")}) select ${[derivedNumber, fault, "o._at", "o._sequence", "o._ordinal", "o._copy", present, ...cells].join(", ")} from (${renderNumbered(work, one)}) as o join ${given} as u on u."_ordinal" = o._row`;
  const ids = form.fields.map(({ id }) => id);
  const keys = written.fields.flatMap(({ id, isKey }, index) => {
    const position = ids.indexOf(id);
    return isKey && position >= 0 && form.fields[position]?.isKey === true
      ? [{ from: `c${index}`, to: `c${position}` }]
      : [];
  });
  const others = `insert into ${table} (${["_batch", "_fault", "_op", "_at", "_sequence", "_ordinal", "_copy", ...keys.map(({ to }) => to)].join(", ")}) select ${[derivedNumber, keys.length === key.length ? "_fault" : "coalesce(_fault, 'upcastFailed: the key is another one now')", "_op", "_at", "_sequence", "_ordinal", "_copy", ...keys.map(({ from }) => from)].join(", ")} from ${qualifyContributions(host.assetId, batch.schemaId)} where _batch = ${batch.number} and (_fault is not null or _op is not null)`;
  return [upserts, others];
}
