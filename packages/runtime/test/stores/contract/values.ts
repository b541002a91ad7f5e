import { digestRows, type Row, type RowSchema } from "@watersmeet/core/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readExchangeFile } from "../../../src/exchange/read-exchange-file.ts";
import { anyRows, hostileTexts } from "../any-rows.ts";
import { asset, column, publish, read, stampedAsset } from "../stored-rows.ts";
import { sortRows } from "./sort-rows.ts";
import type { StoreWorld } from "./store-world.ts";

/** Cells of every type. */
export function describeValues(world: StoreWorld): void {
  describe("values", () => {
    test("of every type come back as they were: from the table, from a file, in the digest", async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(anyRows, async ({ schema, rows }) => {
          run += 1;
          const make = run % 3 === 0 ? asset : stampedAsset;
          const a = make(`any_${run}`, run % 2 === 0, schema);
          const commit = await publish(world.store, world.scratch, { asset: a, rows });
          expect(commit.dataDigest).toBe(digestRows(schema, rows));
          const stored = await read(world.store, a, [commit]);
          expect(sortRows(schema, stored)).toEqual(sortRows(schema, rows));
          const exported: Row[] = [];
          for await (const chunk of readExchangeFile(
            await world.store.exportFile({ asset: a, versions: [commit] }, world.scratch.folder),
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
      for (const [isPartitioned, make] of [
        [true, asset],
        [false, asset],
        [true, stampedAsset],
        [false, stampedAsset],
      ] as const) {
        const key = `hostile.${make.name}.${isPartitioned ? "parts" : "whole"}`;
        const a = make(key, isPartitioned, schema);
        const commit = await publish(world.store, world.scratch, {
          asset: a,
          partition: isPartitioned ? "'; drop schema _watersmeet; --" : "",
          rows,
          commitId: `'${key}"`,
        });
        expect(sortRows(schema, await read(world.store, a, [commit]))).toEqual(sortRows(schema, rows));
        expect(commit.dataDigest).toBe(digestRows(schema, rows));
        expect(await world.query(`select count(*) as n from "${a.key}"`)).toEqual([{ n: String(rows.length) }]);
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
      const commit = await publish(world.store, world.scratch, { asset: a, rows: [{ b: null }, { a: "x", b: "y" }] });
      expect(sortRows(schema, await read(world.store, a, [commit]))).toEqual(
        sortRows(schema, [{ b: null }, { a: "x", b: "y" }]),
      );
    });
  });
}
