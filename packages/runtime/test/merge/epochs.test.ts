import { join } from "node:path";
import {
  hashCells,
  hashEpoch,
  listEpochFields,
  type Contribution,
  type EpochStep,
  type MergePolicy,
} from "@watersmeet/core/merge";
import type { Column, Row, RowSchema } from "@watersmeet/core/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRowWriter } from "../../src/exchange/open-row-writer.ts";
import { readExchangeFile } from "../../src/exchange/read-exchange-file.ts";
import type { MergeFunctions, StagedMerge } from "../../src/stores/port/staged-merge.ts";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import { asset, column, read } from "../stores/stored-rows.ts";
import { commitStep, deliver, publishFeed, type CommittedStep, type Feed } from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld, type MergeWorld } from "./merge-world.ts";

const key = column("id", { kind: "text" }, false);
const eventTime = column("at", { kind: "timestamp" });
const policy: MergePolicy = {
  key: ["id"],
  rows: "recencyFirst",
  columns: {},
  trust: {},
  eventTime: "at",
  operation: "op",
  sequence: "seq",
  present: "said",
};
const field = (name: string, kind: Column["type"], id?: string): Column => ({
  ...column(name, kind),
  ...(id === undefined ? {} : { field: id }),
});
const first: readonly Column[] = [key, field("visits", { kind: "integer" }), field("fee", { kind: "text" })];
/** Wider, renamed and one more: no code needed. */
const second: readonly Column[] = [
  field("note", { kind: "text" }),
  field("hits", { kind: "bigint" }, "visits"),
  key,
  field("fee", { kind: "text" }),
];
/** Text becomes cents: an upcaster. */
const third: readonly Column[] = [key, field("cents", { kind: "integer" }), field("visits", { kind: "integer" })];

const at = (minute: number) => `2001-01-31T05:0${minute}:00Z`;
const batch = (sequence: number, rows: readonly Row[]) => ({
  source: "s",
  batchKey: String(sequence),
  generation: 1,
  schemaVersion: "1",
  batchSequence: BigInt(sequence),
  rows: rows.map((row) => ({ row, operation: row["gone"] === true ? ("delete" as const) : ("upsert" as const) })),
});
const old = batch(0, [
  { id: "a", visits: 1, fee: "1.50", at: at(1) },
  { id: "b", visits: 2, at: at(1) },
  { id: "c", visits: 3, fee: "much", at: at(1) },
  { id: "d", gone: true, at: at(1) },
]);

function stepOf(columns: readonly Column[], upcaster: string | null) {
  const fields = listEpochFields({ columns }, ["id"]);
  return { fields, hash: hashEpoch(fields), note: "the form before", isLossy: false, upcaster };
}

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`epochs of a merge in ${engine}`, () => {
    let world: MergeWorld;
    let feed: Feed;
    beforeAll(async () => {
      world = await open({ partialPerMille: 1000 });
      feed = await publishFeed(world, {
        spec: { policy, schema: { columns: first } },
        batches: [old],
        columns: first,
        eventTime,
      });
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const stored = (name: string, columns: readonly Column[]): StoredAsset => ({
      ...asset(name, false, { columns }),
      isStamped: true,
    });
    const commit = (
      target: StoredAsset,
      feeds: readonly Feed[],
      more: Partial<StagedMerge> & { readonly base?: CommittedStep } = {},
    ) => {
      const { base, ...merge } = more;
      const branches = [
        {
          name: "s",
          columns: feeds.at(-1)?.columns.map(({ name }) => name) ?? [],
          deliveries: feeds.map((one, index) => deliver(one, 0, { batchKey: String(index), sequence: BigInt(index) })),
        },
      ];
      return commitStep(world, { target, base: base?.commit, merge: { policy, branches, ...merge } });
    };
    const rows = async (target: StoredAsset, step: CommittedStep) =>
      (await read(world.store, target, [step.commit])).toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1));

    test("batches of an earlier form are read by field id, widened, and say nothing of what they did not know (M39)", async () => {
      const name = `merged_${world.scratch.next()}`;
      const before = await commit(stored(name, first), [feed]);
      const newer = await publishFeed(world, {
        spec: { policy, schema: { columns: second } },
        batches: [
          batch(0, [
            { id: "b", note: "new", hits: 9007199254740993n, at: at(2) },
            // Before the row of the earlier form, which knows no notes and takes none away.
            { id: "c", note: "early", at: at(0) },
          ]),
        ],
        columns: second,
        eventTime,
      });
      const target = stored(name, second);
      const left: EpochStep = { ...stepOf(first, null), note: "the registry takes notes" };
      const after = await commit(target, [feed, newer], { base: before, epochs: [left] });
      expect(after.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate", "admitted"]);
      expect(await rows(target, after)).toEqual([
        { id: "a", note: null, hits: 1n, fee: "1.50" },
        { id: "b", note: "new", hits: 9007199254740993n, fee: null },
        { id: "c", note: "early", hits: 3n, fee: "much" },
      ]);
      expect(after.staged.cut?.cut.legs[0]?.epochs).toEqual([1, 2]);
      const epochs = await world.store.merges.listEpochs(target.key);
      expect(epochs.map(({ number, batches, note }) => [number, batches, note])).toEqual([
        [1, 1, null],
        [2, 1, "the registry takes notes"],
      ]);
      const again = await commit(target, [feed, newer], { base: after, epochs: [left] });
      expect(again.staged.delta).toMatchObject({ affectedKeys: 0 });
      const [said] = await world.store.merges.readContributions({
        asset: target,
        partition: after.commit.partition,
        key: { id: "a" },
        limit: 5,
      });
      expect(said).toMatchObject({ cells: { hits: 1n, fee: "1.50" }, epoch: 1 });
    });

    test.each([false, true])(
      "follows every change that needs no code, with rows there (M39); partitioned: %s",
      async (isPartitioned) => {
        const old: readonly Column[] = [
          key,
          field("price", { kind: "decimal", precision: 6, scale: 2 }),
          field("count", { kind: "integer" }),
          field("status", { kind: "text", values: ["open"] }),
          { ...field("city", { kind: "text" }), isNullable: false },
        ];
        const now: readonly Column[] = [
          field("town", { kind: "text" }, "city"),
          field("status", { kind: "text", values: ["closed", "open"] }),
          field("price", { kind: "decimal", precision: 12, scale: 2 }),
          key,
          field("count", { kind: "bigint" }),
          field("later", { kind: "boolean" }),
        ];
        const publishOne = (columns: readonly Column[], row: Row) =>
          publishFeed(world, { spec: { policy, schema: { columns } }, batches: [batch(0, [row])], columns, eventTime });
        const a = { id: "a", price: "1234.50", count: 7, status: "open", city: "Bern", at: at(1) };
        const b = { id: "b", price: "1234567890.25", count: 9n, status: "closed", town: null, later: true, at: at(2) };
        const feeds = [await publishOne(old, a), await publishOne(now, b)];
        const name = `merged_${world.scratch.next()}`;
        const make = (columns: readonly Column[], some: readonly Feed[], base?: CommittedStep) =>
          commitStep(world, {
            target: { ...asset(name, isPartitioned, { columns }), isStamped: true },
            base: base?.commit,
            partition: isPartitioned ? "p" : "",
            merge: {
              policy,
              branches: [
                {
                  name: "s",
                  columns: some.at(-1)?.columns.map((one) => one.name) ?? [],
                  deliveries: some.map((one, index) =>
                    deliver(one, 0, { batchKey: String(index), sequence: BigInt(index) }),
                  ),
                },
              ],
            },
          });
        const before = await make(old, feeds.slice(0, 1));
        const after = await make(now, feeds, before);
        const target = { ...asset(name, isPartitioned, { columns: now }), isStamped: true };
        const wide = { id: "a", price: "1234.50", count: 7n, status: "open", town: "Bern", later: null };
        const { at: _, ...other } = b;
        expect(await rows(target, after)).toEqual([wide, other]);
        // The version from before is still what it was.
        const earlier = { ...target, schema: { columns: old } };
        expect(await rows(earlier, before)).toEqual([
          { id: "a", price: "1234.50", count: 7, status: "open", city: "Bern" },
        ]);
      },
    );

    test("rows go through an upcaster once, keep their tokens, and are set aside where it throws (M41)", async () => {
      const name = `merged_${world.scratch.next()}`;
      const before = await commit(stored(name, first), [feed]);
      const target = stored(name, third);
      let calls = 0;
      const functions: MergeFunctions = {
        directory: world.scratch.folder,
        async upcast({ file }) {
          calls += 1;
          return await rewrite(file, { columns: [...exchangeColumns, ...third.map(nullable)] }, toCents);
        },
        reduce: () => Promise.reject(new Error("nothing is custom")),
      };
      const epochs = [stepOf(first, "to-cents")];
      await expect(commit(target, [feed], { base: before, epochs })).rejects.toMatchObject({
        code: "MERGE_EPOCH_INCOMPATIBLE",
      });
      const after = await commit(target, [feed], { base: before, epochs, functions });
      expect(await rows(target, after)).toEqual([
        { id: "a", cents: 150, visits: 1 },
        { id: "b", cents: null, visits: 2 },
      ]);
      expect(after.staged.fates).toMatchObject({ winner: 3, rejected: 1 });
      expect(after.staged.quarantinedCount).toBe(1);
      await commit(target, [feed], { base: after, epochs, functions });
      expect(calls).toBe(1);
      const found = await world.store.merges.checkShadow({
        asset: target,
        policy,
        epochs,
        partition: after.commit.partition,
        version: after.commit.version,
        perMille: 1000,
      });
      expect(found).toEqual({ sampledKeys: 3, differentKeys: [] });
    });

    test("a change of the unit alone is a change of the form: it is refused, or an upcaster leads on (M38, M41)", async () => {
      const name = `merged_${world.scratch.next()}`;
      const inUnit = (unit: string) => first.map((one) => (one.name === "visits" ? { ...one, unit } : one));
      const before = await commit(stored(name, inUnit("once")), [feed]);
      const target = stored(name, inUnit("twice"));
      await expect(commit(target, [feed], { base: before })).rejects.toMatchObject({
        code: "MERGE_EPOCH_INCOMPATIBLE",
        message: expect.stringContaining('"visits"'),
      });
      expect(await world.store.merges.listEpochs(target.key)).toHaveLength(1);
      const functions: MergeFunctions = {
        directory: world.scratch.folder,
        upcast: ({ file }) =>
          rewrite(file, { columns: [...exchangeColumns, ...first.map(nullable)] }, (row) => ({
            ...row,
            _present: row["_present"] ?? '["visits","fee"]',
            _fault: null,
            visits: Number(row["visits"]) * 2,
          })),
        reduce: () => Promise.reject(new Error("nothing is custom")),
      };
      const epochs = [stepOf(inUnit("once"), "doubled")];
      const after = await commit(target, [feed], { base: before, epochs, functions });
      expect((await rows(target, after)).map(({ visits }) => visits)).toEqual([2, 4, 6]);
    });

    test("a snapshot that is told from one of an earlier form is told by what its rows mean (M13, M41)", async () => {
      const inUnit = (unit: string) => first.map((one) => (one.name === "visits" ? { ...one, unit } : one));
      const list = (factor: number) =>
        batch(0, [
          { id: "a", visits: factor, at: at(1) },
          { id: "b", visits: null, fee: "1", at: at(1) },
        ]);
      const feeds = await Promise.all(
        [1, 2, 2].map((factor) =>
          publishFeed(world, {
            spec: { policy, schema: { columns: first } },
            batches: [list(factor)],
            columns: first,
            eventTime,
          }),
        ),
      );
      const name = `merged_${world.scratch.next()}`;
      const origin = feeds.slice(0, 1).map((feed) => deliver(feed, 0).origin)[0];
      const branchOf = (some: readonly Feed[]) => ({
        name: "s",
        columns: ["id", "visits", "fee", "at"],
        deliveries: some.map((feed, index) =>
          deliver(feed, 0, {
            emits: "snapshot",
            batchKey: String(index),
            sequence: BigInt(index),
            ...(origin === undefined ? {} : { origin }),
          }),
        ),
      });
      const plain: MergePolicy = { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: "at" };
      const before = await commitStep(world, {
        target: stored(name, inUnit("once")),
        merge: { policy: plain, branches: [branchOf(feeds.slice(0, 1))] },
      });
      const functions: MergeFunctions = {
        directory: world.scratch.folder,
        upcast: ({ file }) =>
          rewrite(file, { columns: [...exchangeColumns, ...first.map(nullable)] }, (row) => ({
            ...row,
            _present: '["visits","fee"]',
            _fault: null,
            visits: row["visits"] === null ? null : Number(row["visits"]) * 2,
          })),
        reduce: () => Promise.reject(new Error("nothing is custom")),
      };
      const epochs = [stepOf(inUnit("once"), "doubled")];
      const after = await commitStep(world, {
        target: stored(name, inUnit("twice")),
        base: before.commit,
        merge: { policy: plain, branches: [branchOf(feeds)], epochs, functions },
      });
      expect(after.staged.fates).toMatchObject({ winner: 2, superseded: 0, duplicate: 4 });
    });

    test("a rename changes no choice, not even between rows that only the hash of their cells tells apart (M38)", async () => {
      const name = `merged_${world.scratch.next()}`;
      const ids = Array.from({ length: 12 }, (_, index) => String.fromCharCode(97 + index));
      // Two batches of one place in the source's order: nothing but the cells differs.
      const tied = (factor: number) => ({
        ...batch(
          0,
          ids.map((id, index) => ({ id, visits: index * factor, fee: `${id}${factor}`, at: at(1) })),
        ),
        batchKey: String(factor),
      });
      const spec = { policy, schema: { columns: first } };
      const twice = await publishFeed(world, { spec, batches: [tied(3), tied(5)], columns: first, eventTime });
      const tie = (target: StoredAsset, base?: CommittedStep) =>
        commitStep(world, {
          target,
          base: base?.commit,
          merge: {
            policy,
            branches: [
              {
                name: "s",
                columns: twice.columns.map((one) => one.name),
                deliveries: [0, 1].map((index) => deliver(twice, index, { sequence: 0n })),
              },
            ],
          },
        });
      const renamed = first.map((one) => (one.name === "visits" ? field("a_count", one.type, "visits") : one));
      const before = await tie(stored(name, first));
      const after = await tie(stored(name, renamed), before);
      const chosen = await rows(stored(name, first), before);
      expect(await rows(stored(name, renamed), after)).toEqual(
        chosen.map(({ visits, ...rest }) => ({ ...rest, a_count: visits })),
      );
      const winners = ids.map((id, index) => {
        const said = [3, 5].map((factor) => ({ visits: index * factor, fee: `${id}${factor}` }));
        const hashes = said.map((cells) => hashCells(spec.schema, contributionOf(id, cells)));
        const [one, other] = hashes;
        return { id, ...(one !== undefined && other !== undefined && one.compare(other) > 0 ? said[0] : said[1]) };
      });
      expect(chosen).toEqual(winners);
      expect(new Set(chosen.map(({ fee }) => String(fee).slice(1))).size).toBe(2);
    });

    test("custom columns are joined by their function", async () => {
      const custom: MergePolicy = { ...policy, columns: { fee: "custom" } };
      const newer = await publishFeed(world, {
        spec: { policy, schema: { columns: first } },
        batches: [
          batch(0, [
            { id: "a", fee: "2", at: at(0) },
            { id: "b", fee: "x", at: at(2) },
          ]),
        ],
        columns: first,
        eventTime,
      });
      const target = stored(`merged_${world.scratch.next()}`, first);
      const functions: MergeFunctions = {
        directory: world.scratch.folder,
        upcast: () => Promise.reject(new Error("one form")),
        reduce: ({ file }) => joinTexts(file),
      };
      const made = await commit(target, [feed, newer], { policy: custom, functions });
      expect((await rows(target, made)).map(({ id, fee }) => [id, fee])).toEqual([
        ["a", "2+1.50"],
        ["b", "x"],
        ["c", "much"],
      ]);
      expect(made.staged.fates).toMatchObject({ winner: 6, superseded: 0 });
      await expect(commit(target, [feed, newer], { policy: custom })).rejects.toMatchObject({
        code: "MERGE_POLICY_INVALID",
      });
    });

    test("a row that is not what its batches give is found", async () => {
      const target = stored(`merged_${world.scratch.next()}`, first);
      const made = await commit(target, [feed]);
      const check = () =>
        world.store.merges.checkShadow({
          asset: target,
          policy,
          partition: made.commit.partition,
          version: made.commit.version,
          perMille: 1000,
        });
      expect(await check()).toEqual({ sampledKeys: 4, differentKeys: [] });
      const other = { ...policy, columns: { fee: "min" as const, visits: "count" as const } };
      const wrong = await world.store.merges.checkShadow({
        asset: target,
        policy: other,
        partition: made.commit.partition,
        version: made.commit.version,
        perMille: 1000,
      });
      expect(wrong.differentKeys.length).toBe(2);
    });

    async function rewrite(
      file: Parameters<MergeFunctions["upcast"]>[0]["file"],
      schema: RowSchema,
      change: (row: Row) => Row,
    ) {
      const path = join(world.scratch.folder, `${world.scratch.next()}.${world.store.exchangeFormat}`);
      const writer = await openRowWriter({ path, schema });
      for await (const some of readExchangeFile(file)) await writer.write(some.map(change));
      return await writer.seal();
    }

    async function joinTexts(file: Parameters<MergeFunctions["reduce"]>[0]["file"]) {
      const groups = new Map<unknown, string>();
      for await (const some of readExchangeFile(file)) {
        for (const { _group, value } of some) {
          const before = groups.get(_group);
          groups.set(_group, before === undefined ? String(value) : `${before}+${String(value)}`);
        }
      }
      const path = join(world.scratch.folder, `${world.scratch.next()}.${world.store.exchangeFormat}`);
      const writer = await openRowWriter({ path, schema: file.schema });
      await writer.write([...groups].map(([group, value]) => ({ _group: group, value })));
      return await writer.seal();
    }
  });
}

function contributionOf(id: string, cells: Row): Contribution {
  return {
    key: { id },
    operation: "upsert",
    cells,
    eventTimeUs: null,
    source: "s",
    sequence: 0n,
    batchSequence: 0n,
    ordinal: 0n,
    batchId: "",
    copy: 0,
  };
}

const exchangeColumns: readonly Column[] = [
  column("_ordinal", { kind: "bigint" }, false),
  column("_present", { kind: "text" }),
  column("_fault", { kind: "text" }),
];

function nullable(one: Column): Column {
  return { ...one, isNullable: true };
}

/** What an upcaster in a child does: absent stays absent. */
function toCents(row: Row): Row {
  const said: unknown = row["_present"] === null ? ["visits", "fee"] : JSON.parse(String(row["_present"]));
  const isSaid = (name: string) => Array.isArray(said) && said.includes(name);
  const cents = Math.round(Number(row["fee"]) * 100);
  const isBroken = isSaid("fee") && row["fee"] !== null && Number.isNaN(cents);
  const present = [...(isSaid("fee") && !isBroken ? ["cents"] : []), ...(isSaid("visits") ? ["visits"] : [])];
  return {
    _ordinal: row["_ordinal"],
    _present: JSON.stringify(isBroken ? [] : present),
    _fault: isBroken ? "the fee is no number" : null,
    id: row["id"],
    cents: present.includes("cents") && row["fee"] !== null ? cents : null,
    visits: isBroken ? null : row["visits"],
  };
}
