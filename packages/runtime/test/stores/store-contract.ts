import { evaluatePredicate, type RowPredicate } from "@watersmeet/core/gate";
import { canonicalJson, digestRows, type Row, type RowSchema } from "@watersmeet/core/schema";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readExchangeFile } from "../../src/exchange/read-exchange-file.ts";
import type { Commit, Store } from "../../src/stores/store.ts";
import { anyRows, hostileTexts } from "./any-rows.ts";
import {
  asset,
  column,
  createScratch,
  ids,
  orders,
  orderSchema,
  partition,
  prepare,
  publish,
  read,
  stageRows,
  writeFile,
  type Scratch,
} from "./stored-rows.ts";

export interface OpenedStore {
  readonly store: Store;
  /** Rows that a reader sees who knows nothing of Watersmeet. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

/** What every store does. Each adapter runs all of it; assets have their own names, so that one store serves all tests. */
export function describeStore(kind: string, open: (scratch: Scratch) => Promise<OpenedStore>): void {
  describe(`the ${kind} store`, () => {
    let scratch: Scratch;
    let opened: OpenedStore;
    let store: Store;

    beforeAll(async () => {
      scratch = await createScratch();
      opened = await open(scratch);
      store = opened.store;
    });

    afterAll(async () => {
      await opened.close();
      await scratch[Symbol.asyncDispose]();
    });

    for (const isPartitioned of [false, true]) {
      const name = isPartitioned ? "parts" : "whole";
      const part = isPartitioned ? "2001-01-01" : "";
      const of = (key: string) => asset(`${key}_${name}`, isPartitioned);
      const at = { partition: partition(part) };

      describe(isPartitioned ? "with partitions" : "without partitions", () => {
        test("shows readers what was published, and keeps what it replaced", async () => {
          const a = of("replaced");
          const first = await publish(store, scratch, { asset: a, partition: part, rows: orders(3) });
          const second = await publish(store, scratch, {
            asset: a,
            partition: part,
            rows: orders(2, 10),
            base: first.version,
          });
          expect(first).toMatchObject({ version: 1, rowCount: 3, record: { by: "test" }, isReplay: false });
          expect(second).toMatchObject({ version: 2, rowCount: 2 });
          expect(ids(await read(store, a, [first]))).toEqual([0, 1, 2]);
          expect(ids(await read(store, a, [second]))).toEqual([10, 11]);
          expect(await opened.query(`select id, name, amount from replaced_${name} order by id`)).toHaveLength(2);
          expect(await store.listHeads("prod", a.key)).toEqual([
            { asset: a.key, ...at, version: 2, commitId: second.commitId },
          ]);
        });

        test("shows staged rows to nobody, and forgets them when they are discarded", async () => {
          const a = of("staged");
          await publish(store, scratch, { asset: a, partition: part, rows: orders(1) });
          const staged = await stageRows(store, scratch, { asset: a, partition: part, rows: orders(5) });
          expect(await opened.query(`select * from staged_${name}`)).toHaveLength(1);
          await store.discard(staged.target);
          await expect(store.measure(staged, [])).rejects.toMatchObject({ code: "STORE_STAGING_GONE" });
        });

        test("answers a commit that it has already with what it has, and changes nothing", async () => {
          const a = of("replay");
          const first = await publish(store, scratch, {
            asset: a,
            partition: part,
            rows: orders(3),
            commitId: `same_${name}`,
          });
          const again = await publish(store, scratch, {
            asset: a,
            partition: part,
            rows: orders(3),
            commitId: `same_${name}`,
            base: 1,
          });
          expect(again).toEqual({ ...first, isReplay: true });
          expect(await opened.query(`select * from replay_${name}`)).toHaveLength(3);
        });

        test("refuses work that was built on a head that has moved", async () => {
          const a = of("stale");
          const first = await publish(store, scratch, { asset: a, partition: part, rows: orders(1) });
          await expect(publish(store, scratch, { asset: a, partition: part, rows: orders(2) })).rejects.toMatchObject({
            code: "STORE_STALE",
          });
          expect(ids(await read(store, a, [first]))).toEqual([0]);
          expect(await opened.query(`select * from stale_${name}`)).toHaveLength(1);
        });

        test("goes back to an earlier version, once per id", async () => {
          const a = of("reverted");
          const first = await publish(store, scratch, { asset: a, partition: part, rows: orders(3) });
          await publish(store, scratch, { asset: a, partition: part, rows: orders(1, 50), base: 1 });
          const revert = { environment: "prod", asset: a, ...at, version: 1, moveId: `revert_${name}` };
          expect(await store.revert(revert)).toMatchObject({ commitId: first.commitId, version: 1 });
          expect(await opened.query(`select * from reverted_${name}`)).toHaveLength(3);
          const third = await publish(store, scratch, { asset: a, partition: part, rows: orders(4), base: 1 });
          expect(third.version).toBe(3);
          expect(await store.revert(revert)).toMatchObject({ isReplay: true });
          expect(await opened.query(`select * from reverted_${name}`)).toHaveLength(4);
          await expect(store.revert({ ...revert, version: 9, moveId: "other" })).rejects.toMatchObject({
            code: "STORE_VERSION_UNKNOWN",
          });
        });

        test("publishes again what was rolled back, and does not take it for a replay", async () => {
          const a = of("again");
          await publish(store, scratch, { asset: a, partition: part, rows: orders(3) });
          const bad = await publish(store, scratch, {
            asset: a,
            partition: part,
            rows: orders(1, 7),
            base: 1,
            commitId: `again_${name}`,
          });
          await store.revert({ environment: "prod", asset: a, ...at, version: 1, moveId: `undo_${name}` });
          const again = await publish(store, scratch, {
            asset: a,
            partition: part,
            rows: orders(1, 7),
            base: 1,
            commitId: `again_${name}`,
          });
          expect(again).toEqual({ ...bad, isReplay: true });
          expect(await opened.query(`select * from again_${name}`)).toHaveLength(1);
          expect(ids(await read(store, a, [bad]))).toEqual([7]);
        });

        test("does not let the late repetition of an old commit undo a newer one", async () => {
          const a = of("late");
          await publish(store, scratch, { asset: a, partition: part, rows: orders(1), commitId: `late_${name}` });
          await publish(store, scratch, { asset: a, partition: part, rows: orders(2), base: 1 });
          await expect(
            publish(store, scratch, { asset: a, partition: part, rows: orders(1), commitId: `late_${name}` }),
          ).rejects.toMatchObject({ code: "STORE_STALE" });
          expect(await opened.query(`select * from late_${name}`)).toHaveLength(2);
        });

        test("keeps heads of other environments apart from what readers see", async () => {
          const a = of("envs");
          const prod = await publish(store, scratch, { asset: a, partition: part, rows: orders(3) });
          const dev = await publish(store, scratch, {
            asset: a,
            partition: part,
            rows: orders(1, 90),
            environment: "dev/ana",
          });
          expect(ids(await read(store, a, [dev]))).toEqual([90]);
          expect(await opened.query(`select * from envs_${name}`)).toHaveLength(3);
          expect(await store.listHeads("dev/ana", a.key)).toMatchObject([{ version: dev.version }]);
          const promoted = await publish(store, scratch, {
            asset: a,
            partition: part,
            rows: orders(1, 90),
            commitId: dev.commitId,
            base: prod.version,
          });
          expect(promoted).toMatchObject({ version: dev.version, isReplay: true });
          expect(await opened.query(`select * from envs_${name}`)).toHaveLength(1);
          expect(ids(await read(store, a, [dev]))).toEqual([90]);
          expect(ids(await read(store, a, [prod]))).toEqual([0, 1, 2]);
        });

        test("commits versions that follow each other in one call", async () => {
          const a = of("chain");
          const first = await prepare(store, scratch, { asset: a, partition: part, rows: orders(1) });
          const second = await prepare(store, scratch, { asset: a, partition: part, rows: orders(2), base: 1 });
          expect(await store.commit([first, second])).toMatchObject([{ version: 1 }, { version: 2 }]);
          expect(await opened.query(`select * from chain_${name}`)).toHaveLength(2);
        });

        test("stores no rows as a version with no rows", async () => {
          const a = of("empty");
          const commit = await publish(store, scratch, { asset: a, partition: part, rows: [] });
          expect(commit).toMatchObject({ rowCount: 0, dataDigest: digestRows(orderSchema, []) });
          expect(await read(store, a, [commit])).toEqual([]);
        });

        test("takes the place of what the same attempt staged before", async () => {
          const a = of("twice");
          const target = { asset: a, ...at, attempt: scratch.next() };
          await store.stageFile(target, await writeFile(scratch, store, { schema: orderSchema, rows: orders(9) }));
          const staged = await store.stageFile(
            target,
            await writeFile(scratch, store, { schema: orderSchema, rows: orders(2) }),
          );
          const measurement = await store.measure(staged, []);
          expect(measurement.rowCount).toBe(2);
          const [commit] = await store.commit([
            { commitId: scratch.next(), environment: "prod", staged, measurement, baseVersion: null, record: null },
          ]);
          expect(commit).toMatchObject({ rowCount: 2 });
          expect(await opened.query(`select * from twice_${name}`)).toHaveLength(2);
        });
      });
    }

    test("publishes all of a call's partitions, or none", async () => {
      const a = asset("all_or_none", true);
      await publish(store, scratch, { asset: a, partition: "a", rows: orders(1) });
      const good = await prepare(store, scratch, { asset: a, partition: "b", rows: orders(2) });
      const stale = await prepare(store, scratch, { asset: a, partition: "a", rows: orders(3) });
      await expect(store.commit([good, stale])).rejects.toMatchObject({
        code: "STORE_STALE",
        details: { partition: "a", head: 1, base: null },
      });
      expect(await store.listHeads("prod", a.key)).toHaveLength(1);
      expect(await store.commit([good])).toMatchObject([{ version: 2 }]);
    });

    test("replaces one partition and leaves the others alone, many in one call", async () => {
      const a = asset("many", true);
      const names = Array.from({ length: 80 }, (_, index) => `p${String(index).padStart(3, "0")}`);
      const requests = [];
      for (const [index, name] of names.entries())
        requests.push(await prepare(store, scratch, { asset: a, partition: name, rows: orders(2, index * 10) }));
      const commits = await store.commit(requests);
      expect(commits.map((commit) => commit.partition)).toEqual(names);
      expect(new Set(commits.map((commit) => commit.version))).toEqual(new Set(names.map((_, index) => index + 1)));
      const replaced = await store.commit([
        await prepare(store, scratch, {
          asset: a,
          partition: "p003",
          rows: orders(1, 5000),
          base: commits[3]?.version ?? null,
        }),
        await prepare(store, scratch, {
          asset: a,
          partition: "p079",
          rows: orders(1, 6000),
          base: commits[79]?.version ?? null,
        }),
      ]);
      expect(await opened.query("select * from many")).toHaveLength(78 * 2 + 2);
      expect(ids(await read(store, a, commits))).toHaveLength(160);
      expect(ids(await read(store, a, replaced))).toEqual([5000, 6000]);
      const every = commits.filter((_, index) => index % 2 === 0);
      expect(ids(await read(store, a, every))).toEqual(
        every.flatMap((commit) => [0, 1].map((one) => names.indexOf(commit.partition) * 10 + one)),
      );
    });

    test("commits calls that come at the same time, each with its own outcome", async () => {
      const a = asset("racing", true);
      const requests = [];
      for (let index = 0; index < 12; index += 1)
        requests.push(await prepare(store, scratch, { asset: a, partition: `p${index % 6}`, rows: orders(index + 1) }));
      const results = await Promise.allSettled(requests.map((request) => store.commit([request])));
      expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(6);
      expect(results.filter((result) => result.status === "rejected").map(({ reason }) => reason.code)).toEqual(
        Array.from({ length: 6 }, () => "STORE_STALE"),
      );
      expect(await store.listHeads("prod", a.key)).toHaveLength(6);
    });

    test("stages, measures and commits many assets at the same time", async () => {
      const assets = Array.from({ length: 8 }, (_, index) => asset(`busy_${index}`, index % 2 === 0));
      await Promise.all(
        assets.flatMap((a) =>
          [1, 2, 3].map(async (turn) => {
            if (!a.isPartitioned && turn > 1) return;
            const commit = await publish(store, scratch, {
              asset: a,
              partition: a.isPartitioned ? `p${turn}` : "",
              rows: orders(20, turn * 100),
            });
            expect(ids(await read(store, a, [commit]))).toHaveLength(20);
          }),
        ),
      );
      for (const a of assets)
        expect(await opened.query(`select * from ${a.key}`)).toHaveLength(a.isPartitioned ? 60 : 20);
    });

    test("lists commits in the order in which they were made", async () => {
      const a = asset("listed", true);
      const before = await store.listCommits({ after: 0n, limit: 10_000 });
      const after = before.at(-1)?.sequence ?? 0n;
      const commits: Commit[] = [];
      for (const name of ["x", "y", "z"])
        commits.push(await publish(store, scratch, { asset: a, partition: name, rows: orders(1) }));
      const listed = await store.listCommits({ after, limit: 10 });
      expect(listed.map(({ sequence, ...commit }) => ({ commit, isAfter: sequence > after }))).toEqual(
        commits.map((commit) => ({ commit, isAfter: true })),
      );
      expect(new Set(listed.map(({ sequence }) => sequence)).size).toBe(3);
      expect(await store.findCommits([commits[1]?.commitId ?? "", "unknown"])).toEqual([commits[1]]);
      expect(await store.findCommits([])).toEqual([]);
    });

    test("drops stagings of attempts that live no more", async () => {
      const a = asset("abandoned", true);
      const kept = await stageRows(store, scratch, { asset: a, partition: "a", rows: orders(1) });
      const lost = await stageRows(store, scratch, { asset: a, partition: "b", rows: orders(2) });
      const lostTable = await stageRows(store, scratch, { asset: asset("abandoned_table", false), rows: orders(2) });
      expect(await store.discardAbandoned([kept.target.attempt])).toBeGreaterThanOrEqual(2);
      expect(await store.measure(kept, [])).toMatchObject({ rowCount: 1 });
      for (const gone of [lost, lostTable])
        await expect(store.measure(gone, [])).rejects.toMatchObject({ code: "STORE_STAGING_GONE" });
    });

    test("refuses to commit what is staged no more", async () => {
      const a = asset("gone", true);
      const request = await prepare(store, scratch, { asset: a, partition: "a", rows: orders(1) });
      await store.discard(request.staged.target);
      await expect(store.commit([request])).rejects.toMatchObject({ code: "STORE_STAGING_GONE" });
    });

    describe("queries", () => {
      test("read the pinned versions, whatever was published since", async () => {
        const [a, b] = [asset("pinned", true), asset("pinned_whole", false)];
        const old = await publish(store, scratch, { asset: a, partition: "a", rows: orders(4) });
        await publish(store, scratch, { asset: a, partition: "a", rows: orders(1, 70), base: 1 });
        const other = await publish(store, scratch, { asset: b, rows: orders(2) });
        const out = asset("joined", true);
        const staged = await store.stageQuery(
          { asset: out, partition: partition("a"), attempt: scratch.next() },
          {
            sql: "select x.id, x.name || $1 as name, y.amount from input_0 x join input_1 y on y.id = x.id where x.id < $2 -- the end",
            parameters: ["!", 3],
            inputs: [
              { asset: a, versions: [old] },
              { asset: b, versions: [other] },
            ],
          },
        );
        const measurement = await store.measure(staged, []);
        expect(measurement.dataDigest).toBe(
          digestRows(
            orderSchema,
            orders(2).map((row) => ({ ...row, name: `${String(row["name"])}!` })),
          ),
        );
      });

      test("must deliver every column", async () => {
        const a = asset("lacking", false);
        const target = { asset: a, partition: partition(""), attempt: scratch.next() };
        await expect(
          store.stageQuery(target, { sql: "select 1 as id, 'x' as name", parameters: [], inputs: [] }),
        ).rejects.toMatchObject({ code: "STORE_QUERY_FAILED", message: expect.stringContaining("amount") });
        await expect(
          store.measure({ target, rowCount: 0, quarantinedCount: 0, batches: [], fates: {} }, []),
        ).rejects.toMatchObject({ code: "STORE_STAGING_GONE" });
      });

      test("that cannot be cast fail with the value", async () => {
        const target = { asset: asset("uncastable", false), partition: partition(""), attempt: scratch.next() };
        await expect(
          store.stageQuery(target, { sql: "select 'abc' as id, 'x' as name, 1 as amount", parameters: [], inputs: [] }),
        ).rejects.toMatchObject({ code: "STORE_VALUE_INVALID", message: expect.stringContaining("abc") });
      });

      test("name versions that the store has", async () => {
        const a = asset("known", true);
        await publish(store, scratch, { asset: a, partition: "a", rows: orders(1) });
        const input = { asset: a, versions: [{ partition: partition("a"), version: 99 }] };
        await expect(
          store.stageQuery(
            { asset: a, partition: partition("b"), attempt: scratch.next() },
            { sql: "select * from input_0", parameters: [], inputs: [input] },
          ),
        ).rejects.toMatchObject({ code: "STORE_VERSION_UNKNOWN" });
        await expect(
          read(store, asset("never_seen", true), [{ partition: partition("a"), version: 1 }]),
        ).rejects.toMatchObject({ code: "STORE_VERSION_UNKNOWN" });
      });

      test("store JSON in its canonical form and no negative zero", async () => {
        const schema: RowSchema = { columns: [column("j", { kind: "json" }), column("d", { kind: "double" })] };
        const value = { bb: [1, 2.5, null, "é\n"], a: { y: 1e21, x: 1e-7 } };
        const staged = await store.stageQuery(
          { asset: asset("json_query", false, schema), partition: partition(""), attempt: scratch.next() },
          {
            sql: `select cast($1 as json) as j, '-0'::double precision as d`,
            parameters: [JSON.stringify(value)],
            inputs: [],
          },
        );
        expect((await store.measure(staged, [])).dataDigest).toBe(digestRows(schema, [{ j: value, d: 0 }]));
        expect(canonicalJson(value)).not.toBe(JSON.stringify(value));
      });

      test("end within a second when they are cancelled", async () => {
        const a = asset("endless", false);
        const series = kind === "DuckDB" ? "range(10000000000) t(i)" : "generate_series(1, 10000000000) t(i)";
        const started = performance.now();
        const staging = store.stageQuery(
          { asset: a, partition: partition(""), attempt: scratch.next() },
          {
            sql: `select max(i) as id, 'x' as name, sum(sqrt(i)) as amount from ${series}`,
            parameters: [],
            inputs: [],
          },
          AbortSignal.timeout(300),
        );
        await expect(staging).rejects.toMatchObject({ name: "TimeoutError" });
        expect(performance.now() - started).toBeLessThan(3000);
      });
    });

    describe("values", () => {
      test("of every type come back as they were: from the table, from a file, in the digest", async () => {
        let run = 0;
        await fc.assert(
          fc.asyncProperty(anyRows, async ({ schema, rows }) => {
            run += 1;
            const a = asset(`any_${run}`, run % 2 === 0, schema);
            const commit = await publish(store, scratch, { asset: a, rows });
            expect(commit.dataDigest).toBe(digestRows(schema, rows));
            const stored = await read(store, a, [commit]);
            expect(sortRows(schema, stored)).toEqual(sortRows(schema, rows));
            const exported: Row[] = [];
            for await (const chunk of readExchangeFile(
              await store.exportFile({ asset: a, versions: [commit] }, scratch.folder),
            ))
              exported.push(...chunk);
            expect(sortRows(schema, exported)).toEqual(sortRows(schema, rows));
          }),
          { numRuns: 25 },
        );
      });

      test("that look like SQL, CSV or NULL are inert, in names and in cells", async () => {
        const names = [
          'a"; drop table x; --',
          "select",
          "at",
          "имя",
          "q",
          "s",
          "_watersmeet",
          "sp ace",
          "tab.dot",
          "$1",
          "constructor",
        ];
        const schema: RowSchema = { columns: names.map((name) => column(name, { kind: "text" })) };
        const rows: Row[] = hostileTexts.map((text) => Object.fromEntries(names.map((name) => [name, text])));
        for (const isPartitioned of [true, false]) {
          const a = asset(isPartitioned ? "hostile.parts" : "hostile.whole", isPartitioned, schema);
          const commit = await publish(store, scratch, {
            asset: a,
            partition: isPartitioned ? "'; drop schema _watersmeet; --" : "",
            rows,
            commitId: `'${String(isPartitioned)}"`,
          });
          expect(sortRows(schema, await read(store, a, [commit]))).toEqual(sortRows(schema, rows));
          expect(commit.dataDigest).toBe(digestRows(schema, rows));
          expect(await opened.query(`select count(*) as n from "${a.key}"`)).toEqual([{ n: String(rows.length) }]);
        }
      });

      test("that are optional and missing stay missing", async () => {
        const schema: RowSchema = {
          columns: [
            { name: "a", type: { kind: "text" }, isNullable: true, nullAs: "absent" },
            column("b", { kind: "text" }),
          ],
        };
        const a = asset("optional", false, schema);
        const commit = await publish(store, scratch, { asset: a, rows: [{ b: null }, { a: "x", b: "y" }] });
        expect(sortRows(schema, await read(store, a, [commit]))).toEqual(
          sortRows(schema, [{ b: null }, { a: "x", b: "y" }]),
        );
      });
    });

    describe("measuring", () => {
      test("counts the rows that fail each predicate as the reference does", async () => {
        const schema: RowSchema = {
          columns: [
            column("t", { kind: "text" }),
            column("i", { kind: "integer" }),
            column("b", { kind: "bigint" }),
            column("d", { kind: "double" }),
            column("day", { kind: "date" }),
            column("ts", { kind: "timestamp" }),
          ],
        };
        const rows: Row[] = [
          { t: "abc", i: 1, b: 10n, d: 1.5, day: "2001-01-31", ts: "2001-01-31T05:00:00.123456Z" },
          {
            t: "",
            i: -7,
            b: -9223372036854775808n,
            d: Number.NaN,
            day: "1969-12-31",
            ts: "1969-12-31T23:59:59.999999Z",
          },
          {
            t: "🎉🎉",
            i: 9007199254740991,
            b: 9223372036854775807n,
            d: Number.POSITIVE_INFINITY,
            day: "9999-12-31",
            ts: "0001-01-01T00:00:00Z",
          },
          { t: "a'b\nA1", i: 0, b: 0n, d: -0, day: "2001-02-01", ts: "2001-02-01T00:00:00Z" },
          { t: null, i: null, b: null, d: null, day: null, ts: null },
        ];
        const predicates = examplePredicates();
        const staged = await stageRows(store, scratch, { asset: asset("predicates", false, schema), rows });
        const checks = predicates.map((predicate, index) => ({
          kind: "row" as const,
          id: `c${index}`,
          message: "",
          predicate,
        }));
        const { checks: measured } = await store.measure(staged, checks);
        expect(
          measured.map((check, index) => ({ predicate: predicates[index], failedRows: check.failedRows })),
        ).toEqual(
          predicates.map((predicate) => ({
            predicate,
            failedRows: rows.filter((row) => !evaluatePredicate(predicate, row)).length,
          })),
        );
        expect(measured.every((check) => check.sample.length === Math.min(5, check.failedRows))).toBe(true);
      });

      test("finds rows that share a key, NULLs included, and shows some", async () => {
        const rows = [
          { id: 1, name: "a", amount: 1 },
          { id: 1, name: "b", amount: 2 },
          { id: 2, name: "c", amount: 3 },
          { id: null, name: "d", amount: 4 },
          { id: null, name: "e", amount: 5 },
        ];
        const staged = await stageRows(store, scratch, { asset: asset("keys", true), partition: "a", rows });
        const { checks } = await store.measure(staged, [{ kind: "uniqueKey", id: "k", message: "", columns: ["id"] }]);
        expect(checks).toMatchObject([{ failedRows: 4 }]);
        expect(checks[0]?.sample.map((row) => row["name"])).toEqual(expect.arrayContaining(["a", "b", "d", "e"]));
      });
    });

    describe("schemas", () => {
      const wider: RowSchema = {
        columns: [
          column("id", { kind: "integer" }, false),
          column("added", { kind: "timestamp" }),
          column("name", { kind: "text" }),
          column("amount", { kind: "double" }),
        ],
      };

      for (const isPartitioned of [true, false]) {
        test(`that gain a nullable column are followed, ${isPartitioned ? "with" : "without"} partitions`, async () => {
          const key = isPartitioned ? "grown_parts" : "grown_whole";
          const old = await publish(store, scratch, {
            asset: asset(key, isPartitioned),
            partition: "",
            rows: orders(1),
          });
          const a = asset(key, isPartitioned, wider);
          const added = { id: 5, added: "2001-01-31T05:00:00Z", name: "x", amount: 1 };
          const commit = await publish(store, scratch, { asset: a, rows: [added], base: 1 });
          expect(await read(store, a, [commit])).toEqual([added]);
          expect(await read(store, a, [old])).toEqual([{ id: 0, added: null, name: "order 0", amount: 0 }]);
          await store.revert({
            environment: "prod",
            asset: a,
            partition: partition(""),
            version: 1,
            moveId: scratch.next(),
          });
          expect(await opened.query(`select * from ${key}`)).toHaveLength(1);
        });
      }

      test("that do not fit the stored rows are refused, with the columns' names", async () => {
        await publish(store, scratch, { asset: asset("changed", true), partition: "a", rows: orders(1) });
        const retyped: RowSchema = {
          columns: [
            column("id", { kind: "text" }),
            column("name", { kind: "text" }),
            column("amount", { kind: "double" }),
            column("must", { kind: "text" }, false),
          ],
        };
        await expect(store.ensureAsset(asset("changed", true, retyped))).rejects.toMatchObject({
          code: "STORE_SCHEMA_INCOMPATIBLE",
          message: expect.stringMatching(/"id" is bigint in the store.*"must" is new and may not be null/),
        });
        await expect(store.ensureAsset(asset("changed", false))).rejects.toMatchObject({
          code: "STORE_SCHEMA_INCOMPATIBLE",
        });
      });

      test("may not use the store's own names", async () => {
        await expect(
          store.ensureAsset(asset("reserved", true, { columns: [column("_VID", { kind: "text" })] })),
        ).rejects.toMatchObject({ code: "STORE_NAME_INVALID" });
      });
    });

    test("stops reading when the reader does", async () => {
      const a = asset("stopped", false);
      const commit = await publish(store, scratch, { asset: a, rows: orders(10_000) });
      let seen = 0;
      for await (const chunk of store.readRows({ asset: a, versions: [commit] })) {
        seen += chunk.length;
        break;
      }
      expect(seen).toBeLessThan(10_000);
      const limited: Row[] = [];
      for await (const chunk of store.readRows({ asset: a, versions: [commit] }, { limit: 7 })) limited.push(...chunk);
      expect(limited).toHaveLength(7);
    });

    test("exports the same versions once", async () => {
      const a = asset("exported", true);
      const commits = await store.commit([
        await prepare(store, scratch, { asset: a, partition: "a", rows: orders(2) }),
        await prepare(store, scratch, { asset: a, partition: "b", rows: orders(3, 10) }),
      ]);
      const file = await store.exportFile({ asset: a, versions: commits }, scratch.folder);
      expect(file.rowCount).toBe(5);
      expect((await store.exportFile({ asset: a, versions: [...commits].reverse() }, scratch.folder)).path).toBe(
        file.path,
      );
      expect((await store.exportFile({ asset: a, versions: commits.slice(1) }, scratch.folder)).path).not.toBe(
        file.path,
      );
    });
  });
}

function examplePredicates(): readonly RowPredicate[] {
  const range = (name: string, min: string | number | null, max: string | number | null): RowPredicate[] =>
    [true, false].map((isExclusive) => ({
      kind: "range",
      column: name,
      min,
      max,
      isMinExclusive: isExclusive,
      isMaxExclusive: isExclusive,
    }));
  return [
    ...["t", "i", "d"].map((name): RowPredicate => ({ kind: "notNull", column: name })),
    { kind: "oneOf", column: "t", values: ["abc", "a'b\nA1", "\\"] },
    { kind: "oneOf", column: "t", values: [] },
    { kind: "textLength", column: "t", min: 4, max: 4 },
    { kind: "textLength", column: "t", min: 1, max: null },
    { kind: "textPattern", column: "t", pattern: "^[a-z]+$" },
    { kind: "textPattern", column: "t", pattern: "'b" },
    ...range("i", -7, 9007199254740991),
    ...range("i", 0.5, null),
    ...range("b", "-9223372036854775808", "9223372036854775806"),
    ...range("d", 0, 1.5),
    ...range("d", null, null),
    ...range("day", "1970-01-01", "2001-01-31"),
    ...range("ts", "1970-01-01T00:00:00Z", "2001-01-31T05:00:00.123456Z"),
    { kind: "multipleOf", column: "i", of: 7 },
    { kind: "multipleOf", column: "b", of: 5 },
    { kind: "finite", column: "d" },
  ];
}

function sortRows(schema: RowSchema, rows: readonly Row[]): readonly Row[] {
  const keyOf = (row: Row) =>
    JSON.stringify(
      schema.columns.map(({ name }) => [
        typeof row[name],
        row[name] === undefined
          ? ""
          : String(
              row[name] === null
                ? null
                : JSON.stringify(row[name], (_, value: unknown) =>
                    typeof value === "bigint"
                      ? `${value}n`
                      : Object.is(value, -0)
                        ? 0
                        : typeof value === "number" && !Number.isFinite(value)
                          ? String(value)
                          : value,
                  ),
            ),
      ]),
    );
  return rows
    .map((row) =>
      Object.fromEntries(
        schema.columns.flatMap(({ name }) =>
          row[name] === undefined || !Object.hasOwn(row, name) ? [] : [[name, normal(row[name])]],
        ),
      ),
    )
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function normal(value: unknown): unknown {
  return Object.is(value, -0) ? 0 : value;
}
