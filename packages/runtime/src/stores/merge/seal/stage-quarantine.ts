import type { MergeSpec } from "@watersmeet/core/merge";
import type { MergeStageHost } from "../../merge-seam.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import type { EpochForm } from "../catalog/epochs.ts";
import { contributionTableName, qualifyContributions } from "../contribution-table.ts";
import type { FormReader } from "../forms/read-forms.ts";
import type { MergeDialect } from "../merge-dialect.ts";
import { renderRejected } from "./render-seal.ts";

/** Stages the rejected rows of batches, each in the form that it was written in. */
export async function stageQuarantine(
  {
    dialect,
    host,
    spec,
    form,
    forms,
    reader,
  }: {
    readonly dialect: MergeDialect;
    readonly host: MergeStageHost;
    readonly spec: MergeSpec;
    readonly form: EpochForm;
    readonly forms: readonly EpochForm[];
    readonly reader: FormReader;
  },
  batches: readonly CatalogBatch[],
): Promise<void> {
  const failed = batches
    .filter((batch) => reader.countFailed(batch) > 0)
    .map((batch) => ({ number: reader.toFoldBatch(batch).number, source: batch.source }));
  const present = contributionTableName(host.assetId, spec.schema);
  const upcast =
    failed.length === 0
      ? []
      : [`${renderRejected(dialect, spec, { table: present, batches: failed })} and _fault like 'upcastFailed%'`];
  const selects = [
    ...Map.groupBy(
      batches.filter((batch) => batch.rejectedCount > 0),
      ({ schemaId }) => schemaId,
    ),
  ].map(([schemaId, some]) => {
    const written = schemaId === form.schemaId ? form : forms.find((one) => one.schemaId === schemaId);
    const columns = (written ?? form).fields.map(({ name, type, isNullable }) => ({
      name,
      type,
      isNullable,
      nullAs: "null" as const,
    }));
    const table = qualifyContributions(host.assetId, schemaId);
    return renderRejected(dialect, { ...spec, schema: { columns } }, { table, batches: some });
  });
  await host.stageQuarantine([...selects, ...upcast].join(" union all "));
}
