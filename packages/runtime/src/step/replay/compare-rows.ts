import { mkdir } from "node:fs/promises";
import type { Epoch, EpochField } from "@watersmeet/core/merge";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import { readExchangeFile } from "../../exchange/read-exchange-file.ts";
import type { Commit, Staged } from "../../stores/store.ts";
import type { StepWork } from "../step-work.ts";
import { nameKey, renderCell } from "./name-key.ts";

/** How rows that were made anew differ from those of a version, in the columns that both forms have. */
export interface RowDifferences {
  readonly comparedKeys: number;
  readonly differentKeys: number;
  /** Some of them. Without rows: there are none of the key. */
  readonly samples: readonly {
    readonly key: string;
    readonly before: readonly Row[];
    readonly after: readonly Row[];
  }[];
}

const maxSamples = 20;

/** Compares the rows of `keys`; memory is bounded by how many these are, not by the table. */
export async function compareRows(
  work: StepWork,
  parts: {
    readonly staged: Staged;
    readonly head: Commit;
    readonly epochs: readonly Epoch[];
    readonly keys: ReadonlySet<string>;
  },
): Promise<RowDifferences> {
  const { head, epochs, keys } = parts;
  const now = work.spec.merge?.fields ?? [];
  const [cut] = await work.store.merges.listCuts({ ...placeOf(work), version: head.version, limit: 1 });
  const before = epochs.find(({ number }) => number === cut?.cut.epoch)?.fields ?? now;
  const shared = now.filter(({ id }) => before.some((field) => field.id === id));
  const old = await collect(readHead(work, head, before), { keys, fields: pick(before, shared) });
  const made = await collect(readStaged(work, parts.staged), { keys, fields: shared });
  const different = [...keys].filter(
    (key) => textOf(old.get(key), pick(before, shared)) !== textOf(made.get(key), shared),
  );
  return {
    comparedKeys: keys.size,
    differentKeys: different.length,
    samples: different
      .slice(0, maxSamples)
      .map((key) => ({ key, before: old.get(key) ?? [], after: made.get(key) ?? [] })),
  };
}

function placeOf({ step }: StepWork): Pick<StepWork["step"], "asset" | "partition"> {
  return { asset: step.asset, partition: step.partition };
}

/** The same fields, in the same order, by the names that they had. */
function pick(fields: readonly EpochField[], shared: readonly EpochField[]): readonly EpochField[] {
  const byId = new Map(fields.map((field) => [field.id, field]));
  return shared.flatMap(({ id }) => byId.get(id) ?? []);
}

async function* readHead(
  { store, target, signal }: StepWork,
  { partition, version }: Commit,
  fields: readonly EpochField[],
): AsyncGenerator<readonly Row[]> {
  const schema: RowSchema = {
    columns: fields.map(({ name, type, isNullable }) => ({ name, type, isNullable, nullAs: "null" })),
  };
  const input = { asset: { ...target.asset, schema }, versions: [{ partition, version }] };
  yield* store.readRows(input, { signal });
}

async function* readStaged(
  { store, stagingDirectory, signal }: StepWork,
  staged: Staged,
): AsyncGenerator<readonly Row[]> {
  await mkdir(stagingDirectory, { recursive: true });
  yield* readExchangeFile(await store.exportStaged(staged, stagingDirectory, { rows: "all" }), { signal });
}

async function collect(
  chunks: AsyncIterable<readonly Row[]>,
  { keys, fields }: { readonly keys: ReadonlySet<string>; readonly fields: readonly EpochField[] },
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const key = fields.filter(({ isKey }) => isKey).map(({ name }) => name);
  const found = new Map<string, Row[]>();
  for await (const rows of chunks) {
    for (const row of rows) {
      const name = nameKey(row, key);
      if (!keys.has(name)) continue;
      const same = found.get(name) ?? [];
      same.push(Object.fromEntries(fields.map((field) => [field.name, row[field.name] ?? null])));
      found.set(name, same);
    }
  }
  return found;
}

/** Several rows of one key are a set. */
function textOf(rows: readonly Row[] | undefined, fields: readonly EpochField[]): string {
  return JSON.stringify(
    (rows ?? []).map((row) => JSON.stringify(fields.map(({ name }) => renderCell(row[name])))).sort(),
  );
}
