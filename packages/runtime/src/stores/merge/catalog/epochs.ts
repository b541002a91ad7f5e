import { assignEpoch, listEpochFields, type Epoch, type EpochField } from "@watersmeet/core/merge";
import type { RowSchema } from "@watersmeet/core/schema";
import { internalSchema as s } from "../../catalog/names.ts";
import { renderInstant } from "../../catalog/read-catalog.ts";
import type { Dialect } from "../../dialect.ts";
import type { RegisteredEpoch } from "../../port/merge-records.ts";
import { numberOf, textOf, type SqlSession } from "../../sql-session.ts";
import { schemaIdOf } from "../contribution-table.ts";

/**
 * One form of rows as contributions were written in it: the fields are in the order of the table's cells. Forms that differ only in what an epoch does not care
 * for, e.g. in the order of their columns, have the same epoch and tables of their own.
 */
export interface EpochForm extends Epoch {
  readonly schemaId: string;
}

/** Forms that batches of a merge are written in, oldest first. */
export async function listForms(session: SqlSession, assetId: number): Promise<readonly EpochForm[]> {
  const rows = await session.run(
    `select number, schema_id, hash, fields from ${s}.merge_epoch where asset_id = $1::integer and staged_by is null order by number, registered_at`,
    [assetId],
  );
  return rows.map((row) => {
    const fields: readonly EpochField[] = JSON.parse(textOf(row, "fields"));
    return { number: numberOf(row, "number"), schemaId: textOf(row, "schema_id"), hash: textOf(row, "hash"), fields };
  });
}

/** The form of a schema, among those that a merge has had. */
export function assignForm(
  forms: readonly EpochForm[],
  schema: RowSchema,
  key: readonly string[],
): { readonly form: EpochForm; readonly isNew: boolean } {
  const fields = listEpochFields(schema, key);
  const schemaId = schemaIdOf(schema);
  const { epoch } = assignEpoch(forms, fields);
  const isNew = !forms.some((form) => form.number === epoch.number && form.schemaId === schemaId);
  return { form: { ...epoch, fields, schemaId }, isNew };
}

/** Writes a form down as an attempt's. */
export async function insertForm(
  session: SqlSession,
  {
    assetId,
    form,
    note,
    stagedBy,
  }: { readonly assetId: number; readonly form: EpochForm; readonly note: string | null; readonly stagedBy: string },
): Promise<void> {
  await session.run(
    `insert into ${s}.merge_epoch (asset_id, number, schema_id, hash, fields, note, registered_at, staged_by) values ($1::integer, $2::integer, $3, $4, $5, $6, now(), $7)`,
    [assetId, form.number, form.schemaId, form.hash, JSON.stringify(form.fields), note, stagedBy],
  );
}

/** Epochs of a merge, oldest first, with the number of published batches of each. */
export async function listEpochs(
  session: SqlSession,
  dialect: Dialect,
  assetId: number,
): Promise<readonly RegisteredEpoch[]> {
  const rows = await session.run(
    `select e.number, e.hash, e.fields, e.note, ${dialect.renderEpochMicros("e.registered_at")} as registered, (select count(*) from ${s}.merge_batch b where b.asset_id = e.asset_id and coalesce(b.epoch, 1) = e.number and b.staged_by is null) as batches
     from ${s}.merge_epoch e where e.asset_id = $1::integer and e.staged_by is null order by e.number, e.registered_at`,
    [assetId],
  );
  const epochs = rows.map((row) => {
    const fields: readonly EpochField[] = JSON.parse(textOf(row, "fields"));
    return {
      number: numberOf(row, "number"),
      hash: textOf(row, "hash"),
      fields,
      note: row["note"] == null ? null : textOf(row, "note"),
      registeredAt: renderInstant(BigInt(textOf(row, "registered"))),
      batches: numberOf(row, "batches"),
    };
  });
  return epochs.filter(({ number }, index) => epochs.findIndex((other) => other.number === number) === index);
}
