import { fold, sealBatch, type MergePolicy } from "@watersmeet/core/merge";
import { digestRows, type Row, type RowSchema } from "@watersmeet/core/schema";
import { historyColumns, historyEventTime, mergeHistories } from "@watersmeet/core/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asset, column } from "../stores/stored-rows.ts";
import { stampedMerge } from "./feed-world.ts";
import {
  commitMerge,
  openDuckdbWorld,
  openPostgresWorld,
  publishSource,
  stageMerge,
  type MergeWorld,
  type Source,
} from "./merge-world.ts";

const merged: RowSchema = {
  columns: [column("id", { kind: "text" }), column("name", { kind: "text" }), column("email", { kind: "text" })],
};
const dated: RowSchema = { columns: [...merged.columns, column("at", { kind: "timestamp" })] };
const policy: MergePolicy = {
  key: ["id"],
  rows: "recencyFirst",
  columns: { name: "priorityFirst" },
  trust: { crm: 1 },
  eventTime: "at",
};

const at = (second: number) => `2001-01-31T05:00:0${second}Z`;
const crmRows = [
  { id: "k1", name: "Ann", email: "a@x", at: at(1) },
  { id: null, name: "nobody", email: null, at: at(1) },
  { id: "k3", name: null, email: "c@x", at: null },
];
const webRows = [
  { id: "k1", name: "Annie", email: "ann@w", at: at(2) },
  { id: "k2", name: "Bob", email: null, at: at(2) },
  { id: "k2", name: "Bob", email: null, at: at(2) },
];

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`merging in ${engine}`, () => {
    let world: MergeWorld;
    let crm: Source;
    let web: Source;
    beforeAll(async () => {
      world = await open();
      crm = await publishSource(world, { name: "crm", schema: dated, rows: crmRows });
      web = await publishSource(world, { name: "web", schema: dated, rows: webRows });
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const target = () => asset(`merged_${world.scratch.next()}`, false, merged);
    const staged = () => world.count("select count(*) as n from _watersmeet.merge_batch where staged_by is not null");

    test("each cell goes to the branch that its policy prefers, and every row has one fate", async () => {
      const { rows, staged } = await commitMerge(world, { target: target(), policy, sources: [crm, web] });
      expect(sortRows(rows)).toEqual([
        { id: "k1", name: "Ann", email: "ann@w" },
        { id: "k2", name: "Bob", email: null },
      ]);
      expect(staged.fates).toMatchObject({ winner: 3, superseded: 0, duplicate: 1, rejected: 2 });
      expect(staged.quarantinedCount).toBe(2);
      expect(
        staged.batches.map(({ branch, outcome, rowCount, generation }) => ({ branch, outcome, rowCount, generation })),
      ).toEqual([
        { branch: "crm", outcome: "admitted", rowCount: 3, generation: 1 },
        { branch: "web", outcome: "admitted", rowCount: 3, generation: 1 },
      ]);
    });

    test("rejected rows are kept with the reason", async () => {
      const { commit } = await commitMerge(world, { target: target(), policy, sources: [crm, web] });
      expect(
        await world.count(
          `select count(*) as n from _watersmeet.quarantine q join _watersmeet.version v on v.asset_id = q.asset_id and v.version = q.version where v.commit_id = '${commit.commitId}' and q.source = 'crm' and q.reason in ('keyMissing: id', 'eventTimeMissing: at')`,
        ),
      ).toBe(2);
    });

    test("the same batches again are duplicates, and nothing is written or read", async () => {
      const options = { target: target(), policy, sources: [crm, web] };
      const first = await commitMerge(world, options);
      const batches = await world.count("select count(*) as n from _watersmeet.merge_batch");
      const again = await commitMerge(world, { ...options, base: first.commit });
      expect(again.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate", "duplicate"]);
      expect(again.staged.fates).toEqual(first.staged.fates);
      expect(again.commit.dataDigest).toBe(first.commit.dataDigest);
      expect(await world.count("select count(*) as n from _watersmeet.merge_batch")).toBe(batches);
    });

    test("a branch made again with equal rows is a duplicate, and the cut is the same", async () => {
      const before = await publishSource(world, { name: "web", schema: dated, rows: webRows });
      const merge = target();
      const first = await commitMerge(world, { target: merge, policy, sources: [crm, before] });
      const again = await publishSource(world, { name: "web", schema: dated, rows: webRows.toReversed(), before });
      const second = await commitMerge(world, { target: merge, policy, sources: [again, crm], base: first.commit });
      expect(second.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate", "duplicate"]);
      const cuts = `select count(distinct cut_id) as n from _watersmeet.merge_cut c join _watersmeet.asset a on a.asset_id = c.asset_id where a.key = '${merge.key}'`;
      expect(await world.count(cuts)).toBe(1);
    });

    test("the order of branches and of their rows does not matter", async () => {
      const one = await commitMerge(world, { target: target(), policy, sources: [crm, web] });
      const reversedCrm = await publishSource(world, { name: "crm", schema: dated, rows: crmRows.toReversed() });
      const reversedWeb = await publishSource(world, { name: "web", schema: dated, rows: webRows.toReversed() });
      const other = await commitMerge(world, { target: target(), policy, sources: [reversedWeb, reversedCrm] });
      expect(other.commit.dataDigest).toBe(one.commit.dataDigest);
    });

    test("a branch made again supersedes what it delivered before, and only that branch is read", async () => {
      const before = await publishSource(world, { name: "web", schema: dated, rows: webRows });
      const merge = target();
      const first = await commitMerge(world, { target: merge, policy, sources: [crm, before] });
      const newer = await publishSource(world, {
        name: "web",
        schema: dated,
        rows: [{ id: "k4", name: "Dan", email: "d@w", at: at(3) }],
        before,
      });
      const second = await commitMerge(world, { target: merge, policy, sources: [crm, newer], base: first.commit });
      expect(second.staged.batches.map(({ outcome, generation }) => `${outcome} ${generation}`)).toEqual([
        "duplicate 1",
        "superseding 2",
      ]);
      expect(sortRows(second.rows)).toEqual([
        { id: "k1", name: "Ann", email: "a@x" },
        { id: "k4", name: "Dan", email: "d@w" },
      ]);
    });

    test("a merge onto an earlier version builds on that version's batches", async () => {
      const before = await publishSource(world, { name: "web", schema: dated, rows: webRows });
      const merge = target();
      const first = await commitMerge(world, { target: merge, policy, sources: [crm, before] });
      const newer = await publishSource(world, { name: "web", schema: dated, rows: [], before });
      const second = await commitMerge(world, { target: merge, policy, sources: [crm, newer], base: first.commit });
      await world.store.revert({
        environment: "prod",
        asset: merge,
        partition: second.commit.partition,
        version: first.commit.version,
        moveId: world.scratch.next(),
      });
      const third = await commitMerge(world, { target: merge, policy, sources: [crm, before], base: first.commit });
      expect(third.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate", "duplicate"]);
      expect(third.commit.dataDigest).toBe(first.commit.dataDigest);
    });

    test("a branch that leaves the merge takes its rows with it", async () => {
      const merge = target();
      const first = await commitMerge(world, { target: merge, policy, sources: [crm, web] });
      const { rows } = await commitMerge(world, { target: merge, policy, sources: [crm], base: first.commit });
      expect(rows).toEqual([{ id: "k1", name: "Ann", email: "a@x" }]);
    });

    test("a branch that delivers fewer columns leaves the others alone", async () => {
      const narrow: RowSchema = {
        columns: [
          column("id", { kind: "text" }),
          column("email", { kind: "text" }),
          column("at", { kind: "timestamp" }),
        ],
      };
      const other = await publishSource(world, {
        name: "web",
        schema: narrow,
        rows: [{ id: "k1", email: null, at: at(5) }],
      });
      const { rows } = await commitMerge(world, {
        target: target(),
        policy: { ...policy, columns: {} },
        sources: [crm, other],
      });
      expect(rows).toEqual([{ id: "k1", name: "Ann", email: null }]);
    });

    test("a column that reads null as absent is not overwritten by it", async () => {
      const schema: RowSchema = {
        columns: merged.columns.map((one) => (one.name === "email" ? { ...one, nullAs: "absent" } : one)),
      };
      const other = await publishSource(world, {
        name: "web",
        schema: dated,
        rows: [{ id: "k1", name: "Annie", email: null, at: at(5) }],
      });
      const merge = asset(`merged_${world.scratch.next()}`, false, schema);
      const { rows } = await commitMerge(world, {
        target: merge,
        policy: { ...policy, columns: {} },
        sources: [crm, other],
      });
      expect(rows).toEqual([{ id: "k1", name: "Annie", email: "a@x" }]);
    });

    test("an ambiguous batch is refused with its keys, and leaves nothing behind", async () => {
      const rows = [...webRows, { id: "k1", name: "Anna", email: "x", at: at(2) }];
      const other = await publishSource(world, { name: "web", schema: dated, rows });
      await expect(stageMerge(world, { target: target(), policy, sources: [other] })).rejects.toMatchObject({
        code: "MERGE_BATCH_AMBIGUOUS",
        details: { branch: "web", keys: [expect.stringMatching(/k1/)] },
      });
      expect(await staged()).toBe(0);
    });

    test("unionDistinct keeps one of equal rows and refuses different ones", async () => {
      const union: MergePolicy = { key: ["id"], rows: "unionDistinct", columns: {}, trust: {}, eventTime: null };
      const left = await publishSource(world, {
        name: "left",
        schema: merged,
        rows: [{ id: "k1", name: "Ann", email: null }],
      });
      const right = await publishSource(world, {
        name: "right",
        schema: merged,
        rows: [
          { id: "k1", name: "Ann", email: null },
          { id: "k2", name: "Bob", email: null },
        ],
      });
      const { rows, staged } = await commitMerge(world, { target: target(), policy: union, sources: [left, right] });
      expect(rows.length).toBe(2);
      expect(staged.fates).toMatchObject({ winner: 2, duplicate: 1 });
      const other = await publishSource(world, {
        name: "other",
        schema: merged,
        rows: [{ id: "k1", name: null, email: null }],
      });
      await expect(
        stageMerge(world, { target: target(), policy: union, sources: [left, other] }),
      ).rejects.toMatchObject({
        code: "MERGE_ROWS_CONFLICT",
        details: { keys: [expect.stringMatching(/k1/)] },
      });
    });

    test("partitions of a merge are folded each by itself", async () => {
      const merge = asset(`merged_${world.scratch.next()}`, true, merged);
      const first = await commitMerge(world, { target: merge, policy, sources: [crm], partition: "2001-01-01" });
      const second = await commitMerge(world, { target: merge, policy, sources: [web], partition: "2001-01-02" });
      expect([first.rows.length, second.rows.length]).toEqual([1, 2]);
      const again = await commitMerge(world, {
        target: merge,
        policy,
        sources: [crm],
        partition: "2001-01-01",
        base: first.commit,
      });
      expect(again.commit.dataDigest).toBe(first.commit.dataDigest);
    });

    test("partitions may be merged at the same time", async () => {
      const merge = asset(`merged_${world.scratch.next()}`, true, merged);
      await world.store.ensureAsset(merge);
      const days = ["2001-01-01", "2001-01-02", "2001-01-03", "2001-01-04"];
      const all = await Promise.all(
        days.map((day) => commitMerge(world, { target: merge, policy, sources: [crm, web], partition: day })),
      );
      expect(new Set(all.map(({ commit }) => commit.dataDigest)).size).toBe(1);
      expect(all.map(({ rows }) => rows.length)).toEqual([2, 2, 2, 2]);
    });

    test("what was staged and not committed is discarded with its contributions", async () => {
      const one = await stageMerge(world, { target: target(), policy, sources: [crm, web] });
      await stageMerge(world, { target: target(), policy, sources: [crm, web] });
      expect(await staged()).toBe(4);
      await world.store.discard(one.target);
      expect(await staged()).toBe(2);
      await world.store.discardAbandoned([]);
      expect(await staged()).toBe(0);
    });

    test("what another attempt has staged is nobody's batch, whatever becomes of it", async () => {
      const merge = target();
      const other = await stageMerge(world, { target: merge, policy, sources: [crm, web] });
      const first = await commitMerge(world, { target: merge, policy, sources: [crm, web] });
      await world.store.discard(other.target);
      const second = await commitMerge(world, { target: merge, policy, sources: [crm, web], base: first.commit });
      expect(second.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate", "duplicate"]);
      expect(second.commit.dataDigest).toBe(first.commit.dataDigest);
    });

    test("equal rows of one branch are added up once, those of another branch too", async () => {
      const counted: RowSchema = { columns: [column("id", { kind: "text" }), column("n", { kind: "integer" })] };
      const sources = [
        await publishSource(world, { name: "one", schema: counted, rows: ["k", "k", "j"].map((id) => ({ id, n: 2 })) }),
        await publishSource(world, { name: "two", schema: counted, rows: [{ id: "k", n: 2 }] }),
      ];
      const adding: MergePolicy = { ...policy, columns: { n: "sum" }, eventTime: null };
      const merge = asset(`merged_${world.scratch.next()}`, false, counted);
      const { rows } = await commitMerge(world, { target: merge, policy: adding, sources });
      expect(sortRows(rows)).toEqual([
        { id: "j", n: 2 },
        { id: "k", n: 4 },
      ]);
    });

    test("another trust counts for every row that is there, not only for what comes", async () => {
      const merge = stampedMerge(world, merged.columns);
      const first = await commitMerge(world, { target: merge, policy, sources: [crm, web] });
      const trusting = { ...policy, trust: { web: 1 } };
      const second = await commitMerge(world, {
        target: merge,
        policy: trusting,
        sources: [crm, web],
        base: first.commit,
      });
      expect([first, second].map(({ rows }) => sortRows(rows)[0]?.["name"])).toEqual(["Ann", "Annie"]);
    });

    test("generated deliveries give the reference's digest, fates and quarantine", async () => {
      const schema: RowSchema = { columns: historyColumns };
      const source: RowSchema = { columns: [...historyColumns, historyEventTime] };
      const histories = fc.sample(
        mergeHistories(fc, { isPlain: true, operations: ["upsert"], rowPolicies: ["recencyFirst", "priorityFirst"] }),
        { numRuns: 3, seed: 7 },
      );
      for (const { spec, delivered } of histories) {
        const batches = [...new Map(delivered.map((batch) => [batch.source, batch])).values()].map(
          ({ source, rows }) => ({ source, rows: rows.map(({ row }) => fill(row)) }),
        );
        const eventTime = spec.policy.eventTime === null ? null : historyEventTime;
        const sealed = batches.map(({ source, rows }) =>
          sealBatch(spec, eventTime, {
            source,
            rows: rows.map((row) => ({ row })),
            batchKey: source,
            generation: 1,
            schemaVersion: "1",
            batchSequence: 0n,
          }),
        );
        const published = [];
        for (const { source: name, rows } of batches)
          published.push(await publishSource(world, { name, schema: source, rows }));
        const options = {
          target: asset(`merged_${world.scratch.next()}`, false, schema),
          policy: spec.policy,
          sources: published,
        };
        if (sealed.some(({ kind }) => kind === "ambiguous")) {
          await expect(stageMerge(world, options)).rejects.toMatchObject({ code: "MERGE_BATCH_AMBIGUOUS" });
          continue;
        }
        const contributions = sealed.flatMap((one) => (one.kind === "sealed" ? one.batch.contributions : []));
        const expected = fold(spec, contributions);
        const { commit, staged } = await commitMerge(world, options);
        expect(commit.dataDigest).toBe(
          digestRows(
            schema,
            expected.rows.map(({ row }) => row),
          ),
        );
        const rejected = sealed.reduce((sum, one) => sum + (one.kind === "sealed" ? one.batch.rejected.length : 0), 0);
        expect(staged.fates).toEqual({ ...expected.counts, rejected });
        expect(staged.quarantinedCount).toBe(rejected);
      }
    });
  });
}

/** A store's source has every column in every row. */
function fill(row: Row): Row {
  return Object.fromEntries([...historyColumns, historyEventTime].map(({ name }) => [name, row[name] ?? null]));
}

function sortRows(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1));
}
