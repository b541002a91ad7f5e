import { join } from "node:path";
import { hashEpoch, listEpochFields, type EpochStep, type MergePolicy } from "@watersmeet/core/merge";
import type { Column, Row, RowSchema } from "@watersmeet/core/schema";
import { openRowWriter } from "../../../src/exchange/open-row-writer.ts";
import { readExchangeFile } from "../../../src/exchange/read-exchange-file.ts";
import type { MergeFunctions, StagedMerge } from "../../../src/stores/port/staged-merge.ts";
import type { StoredAsset } from "../../../src/stores/port/staging.ts";
import { asset, column, read } from "../../stores/stored-rows.ts";
import { commitStep, deliver, publishFeed, type CommittedStep, type Feed } from "../feed-world.ts";
import type { MergeWorld } from "../merge-world.ts";

export const key = column("id", { kind: "text" }, false);
export const eventTime = column("at", { kind: "timestamp" });
export const policy: MergePolicy = {
  key: ["id"],
  rows: "recencyFirst",
  columns: {},
  trust: {},
  eventTime: "at",
  operation: "op",
  sequence: "seq",
  present: "said",
};
export const field = (name: string, kind: Column["type"], id?: string): Column => ({
  ...column(name, kind),
  ...(id === undefined ? {} : { field: id }),
});
export const first: readonly Column[] = [key, field("visits", { kind: "integer" }), field("fee", { kind: "text" })];
/** Wider, renamed and one more: no code needed. */
export const second: readonly Column[] = [
  field("note", { kind: "text" }),
  field("hits", { kind: "bigint" }, "visits"),
  key,
  field("fee", { kind: "text" }),
];
/** Text becomes cents: an upcaster. */
export const third: readonly Column[] = [
  key,
  field("cents", { kind: "integer" }),
  field("visits", { kind: "integer" }),
];

export const at = (minute: number) => `2001-01-31T05:0${minute}:00Z`;
export const batch = (sequence: number, rows: readonly Row[]) => ({
  source: "s",
  batchKey: String(sequence),
  generation: 1,
  schemaVersion: "1",
  batchSequence: BigInt(sequence),
  rows: rows.map((row) => ({ row, operation: row["gone"] === true ? ("delete" as const) : ("upsert" as const) })),
});
export const old = batch(0, [
  { id: "a", visits: 1, fee: "1.50", at: at(1) },
  { id: "b", visits: 2, at: at(1) },
  { id: "c", visits: 3, fee: "much", at: at(1) },
  { id: "d", gone: true, at: at(1) },
]);

export function stepOf(columns: readonly Column[], upcaster: string | null): EpochStep {
  const fields = listEpochFields({ columns }, ["id"]);
  return { fields, hash: hashEpoch(fields), note: "the form before", isLossy: false, upcaster };
}

export function stored(name: string, columns: readonly Column[]): StoredAsset {
  return { ...asset(name, false, { columns }), isStamped: true };
}

/** Merges feeds of one source, whose forms may differ, and reads and rewrites what is made of them. */
export class EpochWorld implements AsyncDisposable {
  readonly world: MergeWorld;
  /** Of the first form. */
  readonly feed: Feed;

  static async open(world: MergeWorld): Promise<EpochWorld> {
    const spec = { policy, schema: { columns: first } };
    return new EpochWorld(world, await publishFeed(world, { spec, batches: [old], columns: first, eventTime }));
  }

  private constructor(world: MergeWorld, feed: Feed) {
    this.world = world;
    this.feed = feed;
  }

  nextName(): string {
    return `merged_${this.world.scratch.next()}`;
  }

  async commit(
    target: StoredAsset,
    feeds: readonly Feed[],
    more: Partial<StagedMerge> & { readonly base?: CommittedStep } = {},
  ): Promise<CommittedStep> {
    const { base, ...merge } = more;
    const branches = [
      {
        name: "s",
        columns: feeds.at(-1)?.columns.map(({ name }) => name) ?? [],
        deliveries: feeds.map((one, index) => deliver(one, 0, { batchKey: String(index), sequence: BigInt(index) })),
      },
    ];
    return await commitStep(this.world, { target, base: base?.commit, merge: { policy, branches, ...merge } });
  }

  async rows(target: StoredAsset, step: CommittedStep): Promise<readonly Row[]> {
    const all = await read(this.world.store, target, [step.commit]);
    return all.toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1));
  }

  /** What a child does with rows: they come back in a file of their own. */
  async rewrite(
    file: Parameters<MergeFunctions["upcast"]>[0]["file"],
    schema: RowSchema,
    change: (row: Row) => Row,
  ): ReturnType<MergeFunctions["upcast"]> {
    const writer = await openRowWriter({ path: this.#nextFile(), schema });
    for await (const some of readExchangeFile(file)) await writer.write(some.map(change));
    return await writer.seal();
  }

  /** Joins the texts of each group with a plus. */
  async joinTexts(file: Parameters<MergeFunctions["reduce"]>[0]["file"]): ReturnType<MergeFunctions["reduce"]> {
    const groups = new Map<unknown, string>();
    for await (const some of readExchangeFile(file)) {
      for (const { _group, value } of some) {
        const before = groups.get(_group);
        groups.set(_group, before === undefined ? String(value) : `${before}+${String(value)}`);
      }
    }
    const writer = await openRowWriter({ path: this.#nextFile(), schema: file.schema });
    await writer.write([...groups].map(([group, value]) => ({ _group: group, value })));
    return await writer.seal();
  }

  #nextFile(): string {
    const { scratch, store } = this.world;
    return join(scratch.folder, `${scratch.next()}.${store.exchangeFormat}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

export const exchangeColumns: readonly Column[] = [
  column("_ordinal", { kind: "bigint" }, false),
  column("_present", { kind: "text" }),
  column("_fault", { kind: "text" }),
];

export function nullable(one: Column): Column {
  return { ...one, isNullable: true };
}
