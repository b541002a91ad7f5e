import { evaluatePredicate } from "@watersmeet/core/gate";
import { digestRows, type Row, type RowSchema } from "@watersmeet/core/schema";
import { describe, expect, test } from "vitest";
import { asset, column, stageRows } from "../stored-rows.ts";
import { examplePredicates } from "./example-predicates.ts";
import type { StoreWorld } from "./store-world.ts";

/** Checks on staged rows. */
export function describeMeasuring(world: StoreWorld): void {
  describe("measuring", () => {
    test("takes no column of the rows for one of its own, whatever it is called", async () => {
      const names = ["size", "hash", "bytes", "_size", "_HASH", "_bytes", "s", "row_count"];
      const named: RowSchema = { columns: names.map((name) => column(name, { kind: "text" })) };
      const rows: Row[] = [1, 2].map((number) => Object.fromEntries(names.map((name) => [name, `${name} ${number}`])));
      const staged = await stageRows(world.store, world.scratch, { asset: asset("oddly_named", false, named), rows });
      const checks = [
        { kind: "row", id: "s", message: "", predicate: { kind: "notNull", column: "size" } },
        { kind: "uniqueKey", id: "k", message: "", columns: ["hash"] },
      ] as const;
      const { dataDigest, checks: found } = await world.store.measure(staged, checks);
      expect(dataDigest).toBe(digestRows(named, rows));
      expect(found.map(({ failedRows }) => failedRows)).toEqual([0, 0]);
    });

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
      const staged = await stageRows(world.store, world.scratch, { asset: asset("predicates", false, schema), rows });
      const checks = predicates.map((predicate, index) => ({
        kind: "row" as const,
        id: `c${index}`,
        message: "",
        predicate,
      }));
      const { checks: measured } = await world.store.measure(staged, checks);
      expect(measured.map((check, index) => ({ predicate: predicates[index], failedRows: check.failedRows }))).toEqual(
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
      const staged = await stageRows(world.store, world.scratch, { asset: asset("keys", true), partition: "a", rows });
      const { checks } = await world.store.measure(staged, [
        { kind: "uniqueKey", id: "k", message: "", columns: ["id"] },
      ]);
      expect(checks).toMatchObject([{ failedRows: 4 }]);
      expect(checks[0]?.sample.map((row) => row["name"])).toEqual(expect.arrayContaining(["a", "b", "d", "e"]));
    });
  });
}
