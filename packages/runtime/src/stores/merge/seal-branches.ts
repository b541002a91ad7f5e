import { WatersmeetError } from "@watersmeet/core/errors";
import { admitBatch, isEventTimeType, makeBatchId, type Admission, type MergeSpec } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { compareStrings, fingerprint, stableJson } from "@watersmeet/core/values";
import { internalSchema } from "../catalog/names.ts";
import type { MergeStageHost } from "../merge-seam.ts";
import { numberOf, textOf, type SqlSession } from "../sql-session.ts";
import type { Delivery, InputVersions } from "../store.ts";
import { contributionTableName, schemaIdOf } from "./contribution-table.ts";
import { insertBatch, nextBatchNumber, readExtent, type CatalogBatch } from "./merge-catalog.ts";
import type { MergeDialect } from "./merge-dialect.ts";
import {
  renderAmbiguousKeys,
  renderDropDuplicates,
  renderSeal,
  renderSealFigures,
  type DeliveredColumns,
} from "./render-seal.ts";

/** One delivery of a branch. */
interface Branch extends Delivery {
  readonly name: string;
  readonly columns: readonly string[];
}

/** What a branch delivered, and what that means to the merge. */
export interface SealedBranch {
  readonly batch: CatalogBatch;
  readonly outcome: "admitted" | "duplicate" | "superseding";
}

export interface SealContext {
  readonly dialect: MergeDialect;
  readonly host: MergeStageHost;
  readonly spec: MergeSpec;
  /** All published batches of the partition. */
  readonly known: readonly CatalogBatch[];
  /** Those of the version that the merge builds on. */
  readonly live: ReadonlySet<number>;
}

/**
 * Makes a branch's rows a sealed batch of the merge's partition, or finds that they are one that is live already: then nothing is read.
 * What it writes belongs to the attempt until the commit publishes it.
 */
export async function sealBranch(context: SealContext, branch: Branch): Promise<SealedBranch> {
  const { host, known, live, spec } = context;
  const digest = await digestDelivery(host.session, spec, branch);
  const admission = admitBatch(
    known
      .filter((batch) => batch.source === branch.name)
      .map((batch) => ({ ...batch, standing: live.has(batch.number) ? ("live" as const) : ("superseded" as const) })),
    { batchKey: branch.batchKey, digest },
    "supersede",
  );
  if (admission.kind === "duplicate") {
    const batch = known.find(
      (one) => one.batchKey === branch.batchKey && one.source === branch.name && live.has(one.number),
    );
    if (batch !== undefined) return { batch, outcome: "duplicate" };
  }
  const batch = await inTransaction(context, () =>
    sealRows(context, branch, { digest, generation: generationOf(admission) }),
  );
  return { batch, outcome: admission.kind === "superseding" ? "superseding" : "admitted" };
}

/**
 * Identity of what a branch delivers, without reading it: its query, and the data digests of the versions that the query reads. The same on every engine
 * that runs the same text; equal content under another query counts as another content, which costs a sealing and changes nothing.
 */
async function digestDelivery(session: SqlSession, spec: MergeSpec, branch: Branch): Promise<string> {
  const { sql, parameters, inputs } = branch.query;
  // A query lists the inputs of the whole merge: only those that it names count, and their places in the list do not.
  const named = [...new Set([...sql.matchAll(inputName)].map(([, index]) => Number(index)))];
  const contents: (readonly unknown[])[] = [];
  for (const index of named) {
    const input = inputs[index];
    if (input !== undefined) contents.push(await listDigests(session, input));
  }
  const facts = {
    schema: schemaIdOf(spec.schema),
    key: spec.policy.key,
    eventTime: spec.policy.eventTime,
    columns: branch.columns,
    sql: sql.replaceAll(inputName, (_, index) => `input_#${named.indexOf(Number(index))}`),
    parameters: parameters.map((value) => (typeof value === "bigint" ? `${value}n` : value)),
    contents,
  };
  return fingerprint(["delivery-1", stableJson(facts)]);
}

const inputName = /\binput_(\d+)\b/g;

async function listDigests(session: SqlSession, input: InputVersions): Promise<readonly unknown[]> {
  const rows = await session.run(
    `select v.partition, v.data_digest from ${internalSchema}.version v join ${internalSchema}.asset a on a.asset_id = v.asset_id where a.key = $1 and v.version in (select unnest($2::integer[]))`,
    [input.asset.key, input.versions.map(({ version }) => version)],
  );
  return [
    input.asset.key,
    rows.map((row) => `${textOf(row, "data_digest")} ${textOf(row, "partition")}`).sort(compareStrings),
  ];
}

async function sealRows(
  context: SealContext,
  branch: Branch,
  { digest, generation }: { readonly digest: string; readonly generation: number },
): Promise<CatalogBatch> {
  const { dialect, host, spec } = context;
  const { session, assetId } = host;
  const { partition, attempt } = host.target;
  const table = contributionTableName(assetId, spec.schema);
  const number = await nextBatchNumber(session);
  const delivery = readDelivery(spec, branch);
  const extra =
    delivery.eventTime === null || delivery.columns.includes(delivery.eventTime) ? [] : [delivery.eventTime];
  const { sql, parameters } = await host.renderQuery(branch.query, [...delivery.columns, ...extra]);
  const seal = renderSeal(dialect, spec, { table, batch: number, delivery, select: sql });
  const rowCount = await session.change(seal, parameters);
  const [figures] = await session.run(renderSealFigures(spec, table, number));
  if (figures === undefined) throw new TypeError("A count gave no row");
  const duplicateCount = numberOf(figures, "ties");
  if (duplicateCount > 0) await dropDuplicates(context, branch, { table, batch: number });
  const schemaId = schemaIdOf(spec.schema);
  const batch: CatalogBatch = {
    number,
    schemaId,
    source: branch.name,
    batchKey: branch.batchKey,
    generation,
    batchId: makeBatchId({ batchKey: branch.batchKey, generation, schemaVersion: schemaId, digest }),
    digest,
    batchSequence: 0n,
    columns: delivery.columns.map(({ name }) => name).filter((name) => !spec.policy.key.includes(name)),
    rowCount,
    duplicateCount,
    rejectedCount: rowCount - numberOf(figures, "accepted"),
    eventTimes: readExtent(figures, "time"),
  };
  await insertBatch(session, { assetId, partition }, { batch, stagedBy: attempt });
  return batch;
}

/** @throws {MERGE_BATCH_AMBIGUOUS} */
async function dropDuplicates(
  { dialect, host: { session, target }, spec }: SealContext,
  branch: Branch,
  sealed: { readonly table: string; readonly batch: number },
): Promise<void> {
  const ambiguous = await session.run(renderAmbiguousKeys(dialect, spec, sealed));
  if (ambiguous.length > 0) {
    const keys = ambiguous.map((one) => textOf(one, "key_json"));
    throw new WatersmeetError(
      "MERGE_BATCH_AMBIGUOUS",
      `Branch "${branch.name}" of ${target.asset.key} delivers different rows with the same key and time: ${keys.slice(0, 3).join(", ")}${keys.length > 3 ? ", …" : ""}`,
      {
        hint: "Nothing can tell which of them holds. Deliver one row per key and time, or give the merge an event time that tells them apart.",
        details: { asset: target.asset.key, partition: target.partition, branch: branch.name, keys },
      },
    );
  }
  await session.run(renderDropDuplicates(dialect, spec, sealed));
}

function readDelivery(spec: MergeSpec, branch: Branch): DeliveredColumns {
  const columns = spec.schema.columns.filter(({ name }) => branch.columns.includes(name));
  const name = spec.policy.eventTime;
  if (name === null || !branch.columns.includes(name)) return { columns, eventTime: null };
  const own = columns.find((column) => column.name === name);
  return { columns, eventTime: own ?? findUpstreamTime(branch, name) };
}

/** A time that the merge does not keep has the type that an input has for it; what is computed is cast to a timestamp. */
function findUpstreamTime(branch: Branch, name: string): Column {
  const columns = branch.query.inputs.flatMap(({ asset }) => asset.schema.columns);
  const upstream = columns.find((column) => column.name === name && isEventTimeType(column.type));
  return upstream ?? { name, type: { kind: "timestamp" }, isNullable: true, nullAs: "null" };
}

function generationOf(admission: Admission): number {
  return admission.kind === "refused" ? admission.live : admission.generation;
}

async function inTransaction<T>({ dialect, host: { session } }: SealContext, work: () => Promise<T>): Promise<T> {
  await session.run(dialect.begin);
  try {
    const result = await work();
    await session.run("commit");
    return result;
  } catch (error) {
    await session.run("rollback").catch(() => {});
    throw error;
  }
}
