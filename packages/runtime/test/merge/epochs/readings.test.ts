import { hashCells, type Contribution, type EpochStep } from "@watersmeet/core/merge";
import type { Column, Row } from "@watersmeet/core/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StoredAsset } from "../../../src/stores/port/staging.ts";
import { asset } from "../../stores/stored-rows.ts";
import { commitStep, deliver, publishFeed, type CommittedStep, type Feed } from "../feed-world.ts";
import { openDuckdbWorld, openPostgresWorld } from "../merge-world.ts";
import { at, batch, EpochWorld, eventTime, field, first, key, policy, second, stepOf, stored } from "./epoch-world.ts";

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`forms of a merge that need no code in ${engine}`, () => {
    let epochs: EpochWorld;
    beforeAll(async () => {
      epochs = await EpochWorld.open(await open({ partialPerMille: 1000 }));
    });
    afterAll(() => epochs[Symbol.asyncDispose]());

    test("batches of an earlier form are read by field id, widened, and say nothing of what they did not know (M39)", async () => {
      const name = epochs.nextName();
      const before = await epochs.commit(stored(name, first), [epochs.feed]);
      const newer = await publishFeed(epochs.world, {
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
      const after = await epochs.commit(target, [epochs.feed, newer], { base: before, epochs: [left] });
      expect(after.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate", "admitted"]);
      expect(await epochs.rows(target, after)).toEqual([
        { id: "a", note: null, hits: 1n, fee: "1.50" },
        { id: "b", note: "new", hits: 9007199254740993n, fee: null },
        { id: "c", note: "early", hits: 3n, fee: "much" },
      ]);
      expect(after.staged.cut?.cut.legs[0]?.epochs).toEqual([1, 2]);
      const known = await epochs.world.store.merges.listEpochs(target.key);
      expect(known.map(({ number, batches, note }) => [number, batches, note])).toEqual([
        [1, 1, null],
        [2, 1, "the registry takes notes"],
      ]);
      const again = await epochs.commit(target, [epochs.feed, newer], { base: after, epochs: [left] });
      expect(again.staged.delta).toMatchObject({ affectedKeys: 0 });
      const [said] = await epochs.world.store.merges.readContributions({
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
          publishFeed(epochs.world, {
            spec: { policy, schema: { columns } },
            batches: [batch(0, [row])],
            columns,
            eventTime,
          });
        const a = { id: "a", price: "1234.50", count: 7, status: "open", city: "Bern", at: at(1) };
        const b = { id: "b", price: "1234567890.25", count: 9n, status: "closed", town: null, later: true, at: at(2) };
        const feeds = [await publishOne(old, a), await publishOne(now, b)];
        const name = epochs.nextName();
        const make = (columns: readonly Column[], some: readonly Feed[], base?: CommittedStep) =>
          commitStep(epochs.world, {
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
        expect(await epochs.rows(target, after)).toEqual([wide, other]);
        // The version from before is still what it was.
        const earlier = { ...target, schema: { columns: old } };
        expect(await epochs.rows(earlier, before)).toEqual([
          { id: "a", price: "1234.50", count: 7, status: "open", city: "Bern" },
        ]);
      },
    );

    test("a rename changes no choice, not even between rows that only the hash of their cells tells apart (M38)", async () => {
      const name = epochs.nextName();
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
      const twice = await publishFeed(epochs.world, { spec, batches: [tied(3), tied(5)], columns: first, eventTime });
      const tie = (target: StoredAsset, base?: CommittedStep) =>
        commitStep(epochs.world, {
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
      const chosen = await epochs.rows(stored(name, first), before);
      expect(await epochs.rows(stored(name, renamed), after)).toEqual(
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
