import type { Column, ColumnType, RowSchema } from "@watersmeet/core/schema";
import { describe, expect, test } from "vitest";
import { duckdbDialect } from "./duckdb/duckdb-dialect.ts";
import { createPgDialect } from "./postgres/pg-dialect.ts";
import { renderMeasure, renderPredicate, renderSample } from "./render-measure.ts";
import { renderLiteralVersions, renderQuerySelection, renderReading } from "./render-reading.ts";

const column = (name: string, type: ColumnType): Column => ({ name, type, isNullable: true, nullAs: "null" });
const schema: RowSchema = { columns: [column('na"me', { kind: "text" }), column("id", { kind: "integer" })] };
const postgres = createPgDialect({ schema: "public", serverVersion: 180_004 });

describe("reading", () => {
  test("names pinned versions as literals, in ranges where they follow each other", () => {
    expect(renderLiteralVersions([3])).toBe("(_vid in (3))");
    expect(renderLiteralVersions([9, 1, 2, 3, 5, 6])).toBe("(_vid between 1 and 3 or _vid in (5, 6, 9))");
    expect(renderLiteralVersions(Array.from({ length: 70 }, (_, index) => index * 2))).toMatch(
      /^\(_vid in \(select unnest\(array\[0, 2, 4, /,
    );
  });

  test("puts NULL where a table lacks a column, and has no condition for a whole table", () => {
    const places = [
      { table: '"t1"', columns: new Set(['na"me', "id"]), condition: null },
      { table: '"t2"', columns: new Set(["id"]), condition: renderLiteralVersions([4]) },
    ];
    expect(renderReading(duckdbDialect, schema, places)).toBe(
      'select "na""me", "id" from "t1" union all select null::varchar as "na""me", "id" from "t2" where (_vid in (4))',
    );
    expect(renderReading(postgres, schema, [])).toBe('select null::text as "na""me", null::bigint as "id" where false');
  });

  test("wraps a query, its inputs and its casts", () => {
    const query = { sql: "select * from input_0 -- all", inputs: ["select 1"] };
    const columns = { columns: [column("j", { kind: "json" }), column("d", { kind: "double" })] };
    expect(renderQuerySelection(duckdbDialect, query, columns)).toBe(
      'with input_0 as (select 1) select _watersmeet_json(q."j"::json::varchar)::json as "j", q."d"::double + 0.0 as "d" from (select * from input_0 -- all\n) as q',
    );
    expect(renderQuerySelection(postgres, query, columns)).toBe(
      'with input_0 as not materialized (select 1) select q."j"::jsonb as "j", q."d"::double precision + 0.0 as "d" from (select * from input_0 -- all\n) as q',
    );
  });
});

describe("measuring", () => {
  const check = {
    kind: "row",
    id: "x",
    message: "",
    predicate: { kind: "oneOf", column: 'na"me', values: ["it's"] },
  } as const;
  const key = { kind: "uniqueKey", id: "k", message: "", columns: ["id"] } as const;

  test("is one pass, with the canonical bytes of columns in the order of their names", () => {
    expect(renderMeasure({ dialect: duckdbDialect, schema, source: '"s"' }, [check, key])).toBe(
      "select count(*) as row_count, coalesce(sum(_size), 0) as size_bytes, coalesce(sum(('0x' || _hash[1:16])::ubigint), 0) as sum_0, coalesce(sum(('0x' || _hash[17:32])::ubigint), 0) as sum_1" +
        `, count(*) filter (where not (("na""me" is null or coalesce("na""me" in ('it''s'), false)))) as failed_0` +
        `, (select coalesce(sum(same), 0) from (select count(*) as same from "s" as s group by "id" having count(*) > 1) as duplicates) as failed_1` +
        ` from (select "na""me", "id", octet_length(_bytes) as _size, sha256(_bytes) as _hash from (select "na""me", "id", coalesce('\\x01'::blob || "id"::bit::blob, '\\x00'::blob) || coalesce(strlen("na""me")::integer::bit::blob || encode("na""me"), '\\xFF\\xFF\\xFF\\xFF'::blob) as _bytes from "s" as s) as canonical) as hashed`,
    );
    expect(renderMeasure({ dialect: postgres, schema, source: '"s"' }, [])).toBe(
      "select count(*) as row_count, coalesce(sum(_size), 0) as size_bytes, coalesce(sum(substr(_hash, 1, 8)::int8), 0) as sum_0, coalesce(sum(substr(_hash, 9, 8)::int8), 0) as sum_1" +
        ` from (select "na""me", "id", octet_length(_bytes) as _size, sha256(_bytes) as _hash from (select "na""me", "id", coalesce('\\x01'::bytea || int8send("id"), '\\x00'::bytea) || coalesce(int4send(octet_length("na""me")) || textsend("na""me"), '\\xffffffff'::bytea) as _bytes from "s" as s) as canonical) as hashed`,
    );
  });

  test("shows failing rows in an order that does not depend on the database", () => {
    expect(renderSample({ dialect: postgres, schema, source: '"s"' }, check, 5)).toBe(
      `select s."na""me", s."id" from "s" as s where not (("na""me" is null or coalesce("na""me" in ('it''s'), false))) order by s."na""me" collate "C" nulls first, s."id" nulls first limit 5`,
    );
    expect(renderSample({ dialect: duckdbDialect, schema, source: '"s"' }, key, 5)).toBe(
      `select s."na""me", s."id" from "s" as s join (select "id" from "s" as s group by "id" having count(*) > 1) as d on s."id" is not distinct from d."id" order by s."na""me" nulls first, s."id" nulls first limit 5`,
    );
  });

  test("keeps every value of a predicate inside its literal", () => {
    const hostile = "'); drop table x; --";
    expect(
      renderPredicate({ dialect: duckdbDialect, schema }, { kind: "textPattern", column: 'na"me', pattern: hostile }),
    ).toBe(`("na""me" is null or coalesce(regexp_matches("na""me", '''); drop table x; --'), false))`);
    expect(
      renderPredicate(
        { dialect: postgres, schema },
        { kind: "range", column: "id", min: 0.5, max: 7, isMinExclusive: false, isMaxExclusive: true },
      ),
    ).toBe(`("id" is null or coalesce("id" >= '0.5'::double precision and "id" < '7'::bigint, false))`);
  });

  test("before Postgres 18, reads a hash's bytes through its hex digits", () => {
    expect(createPgDialect({ schema: "public", serverVersion: 170_000 }).renderHashSum("hash", 1)).toBe(
      "sum(('x' || encode(substr(hash, 9, 8), 'hex'))::bit(64)::int8)",
    );
  });
});
