import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { planEpochReading, type Epoch } from "@watersmeet/core/merge";
import type { Column, Row, RowSchema } from "@watersmeet/core/schema";
import { openRowWriter } from "../../exchange/open-row-writer.ts";
import { readExchangeFile } from "../../exchange/read-exchange-file.ts";
import type { BatchRecord, StoredContribution } from "../../stores/port/merge-records.ts";
import type { MergeFunctions } from "../../stores/port/staged-merge.ts";
import { bindAuthorFunctions } from "../merge/author-functions.ts";
import type { StepWork } from "../step-work.ts";
import { nameKey } from "./name-key.ts";

/** What became of the rows of one real batch. */
export interface ReplayedBatch {
  readonly batchId: string;
  readonly epoch: number;
  readonly rowCount: number;
  /** Rows that an upcaster threw on, or that do not fit the present form. */
  readonly rejectedCount: number;
  /** Why, of some of them; each once. */
  readonly reasons: readonly string[];
}

/** Rows of one batch that are read at most: the newest batch of a large source is a sample like any other. */
const maxRows = 100_000;
const maxReasons = 5;

/** Reads a batch in the form that it was written in and brings its rows to the present one. `keys` collects what it speaks of. */
export async function readBatch(
  work: StepWork,
  { batch, epoch, keys }: { readonly batch: BatchRecord; readonly epoch: Epoch; readonly keys: Set<string> },
): Promise<ReplayedBatch> {
  const { store, target, spec } = work;
  const form = formOf(epoch);
  const asset = { ...target.asset, schema: form };
  const rows = await store.merges.readBatchRows({ asset, batchId: batch.batchId, limit: maxRows });
  const key = epoch.fields.filter(({ isKey }) => isKey).map(({ name }) => name);
  for (const row of rows) keys.add(nameKey(row.key, key));
  const terms = spec.merge;
  const chain = { steps: terms?.epochs ?? [], present: terms?.fields ?? [] };
  const from = chain.steps.findIndex(({ hash }) => hash === epoch.hash);
  const functions = terms === null ? undefined : await bindAuthorFunctions(work, terms);
  const isUpcast = functions !== undefined && planEpochReading(chain, epoch).kind === "upcast";
  const faults = isUpcast ? await listFaults(functions, { rows, form, from, batchId: batch.batchId }) : [];
  return {
    batchId: batch.batchId,
    epoch: epoch.number,
    rowCount: rows.length,
    rejectedCount: faults.length,
    reasons: [...new Set(faults)].slice(0, maxReasons),
  };
}

function formOf({ fields }: Epoch): RowSchema {
  return { columns: fields.map(({ name, type, isNullable }): Column => ({ name, type, isNullable, nullAs: "null" })) };
}

async function listFaults(
  functions: MergeFunctions,
  delivered: {
    readonly rows: readonly StoredContribution[];
    readonly form: RowSchema;
    readonly from: number;
    readonly batchId: string;
  },
): Promise<readonly string[]> {
  const { rows, form, from, batchId } = delivered;
  const schema = { columns: [...marks, ...form.columns.map((column): Column => ({ ...column, isNullable: true }))] };
  await mkdir(functions.directory, { recursive: true });
  const writer = await openRowWriter({ path: join(functions.directory, `replay-${batchId}.parquet`), schema });
  const said = rows.filter(({ operation, fault }) => operation === "upsert" && fault === null);
  const empty = Object.fromEntries(form.columns.map(({ name }) => [name, null]));
  await writer.write(said.map((row, index) => ({ ...empty, ...describe(row), _ordinal: BigInt(index) })));
  const made = await functions.upcast({ from, file: await writer.seal() });
  const faults: string[] = [];
  for await (const chunk of readExchangeFile(made)) {
    for (const { _fault: fault } of chunk) if (typeof fault === "string") faults.push(fault);
  }
  return faults;
}

const marks: readonly Column[] = [
  { name: "_ordinal", type: { kind: "bigint" }, isNullable: false, nullAs: "null" },
  { name: "_present", type: { kind: "text" }, isNullable: true, nullAs: "null" },
];

function describe({ key, cells }: StoredContribution): Row {
  return { ...key, ...cells, _present: JSON.stringify(Object.keys({ ...key, ...cells })) };
}
