import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "@watersmeet/core/gate";
import type { Column, ColumnType, Row, RowSchema } from "@watersmeet/core/schema";
import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { openRowWriter } from "../../src/exchange/open-row-writer.ts";
import type { ExchangeFile, StageTarget, StoredAsset } from "../../src/stores/port/staging.ts";
import type { Commit, CommitRequest, Staged, Store } from "../../src/stores/store.ts";

export function column(name: string, type: ColumnType, isNullable = true): Column {
  return { name, type, isNullable, nullAs: "null" };
}

export const orderSchema: RowSchema = {
  columns: [
    column("id", { kind: "integer" }, false),
    column("name", { kind: "text" }),
    column("amount", { kind: "double" }),
  ],
};

export function orders(count: number, from = 0): readonly Row[] {
  return Array.from({ length: count }, (_, index) => ({
    id: from + index,
    name: `order ${from + index}`,
    amount: (from + index) / 4,
  }));
}

export function partition(text: string): PartitionKey {
  return text as PartitionKey;
}

export function asset(key: string, isPartitioned: boolean, schema = orderSchema): StoredAsset {
  return { key: parseAssetKey(key), schema, isPartitioned };
}

/** An asset whose versions are kept as differences, as merges' are. */
export function stampedAsset(key: string, isPartitioned: boolean, schema = orderSchema): StoredAsset {
  return { ...asset(key, isPartitioned, schema), isStamped: true };
}

/** A folder of its own, and names for what stands in it. */
export interface Scratch extends AsyncDisposable {
  readonly folder: string;
  next(): string;
}

export async function createScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-store-"));
  let count = 0;
  return {
    folder,
    next() {
      count += 1;
      return `t${process.pid}_${count}`;
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function writeFile(
  scratch: Scratch,
  store: Pick<Store, "exchangeFormat">,
  { schema, rows }: { readonly schema: RowSchema; readonly rows: readonly Row[] },
): Promise<ExchangeFile> {
  const writer = await openRowWriter({
    path: join(scratch.folder, `${scratch.next()}.${store.exchangeFormat}`),
    schema,
  });
  await writer.write(rows);
  return await writer.seal();
}

export interface Publication {
  readonly asset: StoredAsset;
  readonly partition?: string;
  readonly rows: readonly Row[];
  readonly commitId?: string;
  readonly base?: number | null;
  readonly environment?: string;
  readonly checks?: readonly Check[];
}

export async function stageRows(store: Store, scratch: Scratch, publication: Publication): Promise<Staged> {
  const target: StageTarget = {
    asset: publication.asset,
    partition: partition(publication.partition ?? ""),
    attempt: scratch.next(),
  };
  return await store.stageFile(
    target,
    await writeFile(scratch, store, { schema: publication.asset.schema, rows: publication.rows }),
  );
}

/** Staged and measured, ready to be committed. */
export async function prepare(store: Store, scratch: Scratch, publication: Publication): Promise<CommitRequest> {
  return await measure(store, scratch, publication, await stageRows(store, scratch, publication));
}

/** The same with rows that stay in memory until their commit. */
export async function prepareSmall(store: Store, scratch: Scratch, publication: Publication): Promise<CommitRequest> {
  const { asset: of, partition: name = "", rows } = publication;
  const target = { asset: of, partition: partition(name), attempt: scratch.next() };
  return await measure(store, scratch, publication, await store.stageRows(target, rows));
}

async function measure(
  store: Store,
  scratch: Scratch,
  publication: Publication,
  staged: Staged,
): Promise<CommitRequest> {
  return {
    commitId: publication.commitId ?? scratch.next(),
    environment: publication.environment ?? "prod",
    staged,
    measurement: await store.measure(staged, publication.checks ?? []),
    baseVersion: publication.base ?? null,
    record: { by: "test" },
  };
}

export async function publish(store: Store, scratch: Scratch, publication: Publication): Promise<Commit> {
  const [commit] = await store.commit([await prepare(store, scratch, publication)]);
  if (commit === undefined) throw new Error("no commit");
  return commit;
}

export async function read(
  store: Store,
  of: StoredAsset,
  versions: readonly Pick<Commit, "partition" | "version">[],
): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const chunk of store.readRows({ asset: of, versions })) rows.push(...chunk);
  return rows;
}

export function ids(rows: readonly Row[]): readonly number[] {
  return rows.map((row) => Number(row["id"])).sort((a, b) => a - b);
}
