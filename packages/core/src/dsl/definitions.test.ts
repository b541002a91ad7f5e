import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  asset,
  assets,
  custom,
  daily,
  isDefinition,
  merge,
  query,
  source,
  type Definition,
  type In,
} from "../index.ts";

const Row = z.object({ day: z.string(), id: z.string(), n: z.number() });
const rows = asset({ schema: Row }, () => []);
const Change = Row.extend({ at: z.string(), op: z.string(), nr: z.number(), cols: z.array(z.string()) });
const changes = source({ schema: Change, resource: "feed", emits: "changes" }, () => []);

function definitionOf(value: unknown): Definition {
  if (!isDefinition(value)) throw new Error("not a definition");
  return value;
}

describe("a definition", () => {
  test("is frozen plain data with defaults", () => {
    const definition = definitionOf(rows);
    expect(definition).toMatchObject({
      kind: "asset",
      partitions: null,
      name: null,
      description: null,
      tags: [],
      group: null,
      execution: { timeoutMs: 1_800_000, maxAttempts: 3, resources: [], stagedBytes: null },
      policy: null,
      late: null,
      key: [],
      store: null,
    });
    expect(definition.schema).toBe(Row);
    expect([definition, definition.tags, definition.execution, definition.key].every(Object.isFrozen)).toBe(true);
  });

  test("says what its versions are to merges", () => {
    expect([definitionOf(rows).emits, definitionOf(changes).emits]).toEqual(["state", "changes"]);
  });

  test("keeps the author's function as it is", () => {
    const load = () => [];
    expect(source({ schema: Row, resource: "x" }, load).fn).toBe(load);
  });

  test("has its key in the order of the schema", () => {
    expect(definitionOf(asset({ schema: Row, key: ["id", "day"] }, () => [])).key).toEqual(["day", "id"]);
  });

  test("reads its timeout", () => {
    const timeouts = (["500ms", "1.5s", "15m", "2h", "1d"] as const).map((timeout) =>
      asset({ schema: Row, timeout }, () => []),
    );
    expect(timeouts.map((each) => definitionOf(each).execution.timeoutMs)).toEqual([
      500, 1_500, 900_000, 7_200_000, 86_400_000,
    ]);
  });

  test("is told from other values", () => {
    expect([rows, query({ schema: Row }, () => ({ compile: () => ({}) as never }))].every(isDefinition)).toBe(true);
    expect([null, {}, rows.fn, { kind: "asset" }].some(isDefinition)).toBe(false);
  });
});

describe("a merge", () => {
  const branches = (a: In<typeof rows>, b: In<typeof rows>) => ({ a, b });
  const feeds = (a: In<typeof changes>) => ({ a });

  test("has its policy as data", () => {
    const merged = merge(
      {
        schema: Row,
        key: ["id", "day"],
        policy: "recencyFirst",
        columns: { n: "priorityFirst" },
        trust: { b: 2 },
        eventTime: "day",
        late: { grace: "2h", beyond: "hold" },
      },
      branches,
    );
    expect(definitionOf(merged)).toMatchObject({
      kind: "merge",
      policy: {
        key: ["day", "id"],
        rows: "recencyFirst",
        columns: { n: "priorityFirst" },
        trust: { b: 2 },
        eventTime: "day",
      },
      late: { graceMs: 7_200_000, beyond: "hold" },
    });
  });

  test("has its terms as data, and the author's functions as they are", () => {
    const longest = (a: string, b: string) => (a > b ? a : b);
    const upcast = (row: { readonly id?: string | undefined }) => ({ id: row.id });
    const Old = z.object({ id: z.string() });
    const merged = merge(
      {
        schema: Row,
        key: ["id"],
        policy: "priorityFirst",
        columns: { day: custom(longest), n: "sum" },
        eventTime: "at",
        operation: "op",
        sequence: "nr",
        present: "cols",
        tolerance: "1.5s",
        late: {
          grace: "2h",
          beyond: "amend",
          disorder: "1m",
          maxFuture: "1h",
          closedBefore: "2001-01-31",
          horizon: "7d",
          amendments: { count: 2, per: "1d" },
        },
        wait: { quorum: 1, deadline: "5m", required: ["a"] },
        mayShrink: { a: 0.2 },
        retention: { keep: "30d" },
        epochs: [{ schema: Old, note: "n and day came", upcast, lossy: true }],
      },
      feeds,
    );
    expect(definitionOf(merged)).toMatchObject({
      policy: {
        columns: { day: "custom", n: "sum" },
        operation: "op",
        sequence: "nr",
        present: "cols",
        toleranceUs: 1_500_000,
      },
      late: {
        graceMs: 7_200_000,
        beyond: "amend",
        disorderMs: 60_000,
        maxFutureMs: 3_600_000,
        closedBefore: "2001-01-31T00:00:00Z",
        horizonMs: 604_800_000,
        amendments: { count: 2, perMs: 86_400_000 },
      },
      wait: { quorum: 1, deadlineMs: 300_000, required: ["a"] },
      shrinkPerMille: { a: 200 },
      retention: { keepMs: 2_592_000_000 },
      epochs: [{ schema: Old, note: "n and day came", isLossy: true, upcast }],
      reducers: { day: longest },
    });
  });

  test("has no terms that nobody gave", () => {
    const definition = definitionOf(merge({ schema: Row, key: ["id"], policy: "unionAll" }, branches));
    expect(definition).toMatchObject({ late: null, wait: null, retention: null, epochs: [], reducers: {} });
    expect(Object.keys(definition.policy ?? {})).toEqual(["key", "rows", "columns", "trust", "eventTime"]);
  });

  const good = { key: ["id"], policy: "recencyFirst", eventTime: "at" };
  const late = { grace: "2h", beyond: "hold" };
  const epoch = { schema: z.object({ id: z.string() }), note: "n came" };
  const inDays = { partitions: daily("2001-01-01") };

  test("has a partition by its key, waits for all of a window, and expects something now and then", () => {
    const options = {
      ...good,
      ...inDays,
      key: ["id", "day"],
      partitionBy: "day",
      wait: { complete: true },
      every: "1h",
    };
    const definition = Reflect.apply(merge, undefined, [{ schema: Row, ...options }, branches]);
    expect(definition).toMatchObject({
      policy: { partitionBy: "day" },
      wait: null,
      mustBeComplete: true,
      everyMs: 3_600_000,
    });
    const both = { ...options, wait: { complete: true, deadline: "1h", required: ["a"] } };
    expect(Reflect.apply(merge, undefined, [{ schema: Row, ...both }, branches])).toMatchObject({
      wait: { quorum: null, deadlineMs: 3_600_000, required: ["a"] },
      mustBeComplete: true,
    });
  });

  test.each([
    ["an empty key", { key: [] }, /key/],
    ["no policy", { policy: undefined }, /policy/],
    ["another policy", { policy: "newest" }, /"newest"/],
    ["a key that is no column", { key: ["no"] }, /"no"/],
    ["a policy for what is no column", { columns: { no: "recencyFirst" } }, /"no"/],
    ["a policy for a part of the key", { columns: { id: "recencyFirst" } }, /"id"/],
    ["policies of columns with unionDistinct", { policy: "unionDistinct", columns: { n: "max" } }, /unionDistinct/],
    ["policies of columns with keepConflicts", { policy: "keepConflicts", columns: { n: "max" } }, /keepConflicts/],
    ["a policy for a column that is none", { columns: { n: "avg" } }, /"avg"/],
    ["a custom policy without a function", { columns: { n: "custom" } }, /"custom"/],
    ["trust that is no whole number", { trust: { a: 0.5 } }, /0.5/],
    ["one column for two things", { operation: "op", sequence: "op" }, /"op"/],
    ["the event time as operation", { operation: "at" }, /"at"/],
    ["a tolerance that is no duration", { tolerance: "5" }, /"5"/],
    ["a tolerance without an event time", { eventTime: undefined, tolerance: "5s" }, /event time/],
    ["late rows without an event time", { eventTime: undefined, late }, /event time/],
    ["another way with late rows", { late: { ...late, beyond: "drop" } }, /"drop"/],
    ["a closing that is no instant", { late: { ...late, closedBefore: "2001-02-30" } }, /2001-02-30/],
    ["no amendments at all", { late: { ...late, amendments: { count: 0, per: "1d" } } }, /count is 0/],
    ["a grace beyond the horizon", { late: { ...late, horizon: "1h" } }, /late.grace/],
    ["a grace beyond what is kept", { late, retention: { keep: "1h" } }, /retention/],
    ["a horizon beyond what is kept", { late: { ...late, horizon: "2d" }, retention: { keep: "1d" } }, /horizon/],
    ["more than all rows that may go", { mayShrink: { a: 1.5 } }, /mayShrink/],
    ["a wait for nothing", { wait: { required: ["a"] } }, /quorum/],
    ["a complete window without windows", { wait: { complete: true } }, /wait.complete/],
    ["what has to be there without waiting", { wait: { complete: true, required: ["a"] }, ...inDays }, /required/],
    ["a partition that the key does not say", { partitionBy: "day", ...inDays }, /"day", which is not part of the key/],
    ["a partition where there is none", { partitionBy: "id" }, /partitions/],
    ["an expectation that is no duration", { every: "hourly" }, /"hourly"/],
    ["a quorum of none", { wait: { quorum: 0 } }, /quorum is 0/],
    ["a form without a note", { epochs: [{ ...epoch, note: " " }] }, /epochs\[0\] has no note/],
    ["a form that is no zod object", { epochs: [epoch, { ...epoch, schema: z.string() }] }, /epochs\[1\]/],
    ["an upcaster that is no function", { epochs: [{ ...epoch, upcast: {} }] }, /upcast/],
    ["emits", { emits: "changes" }, /emits/],
  ])("is refused with %s", (_name, options, message) => {
    // Wrong on purpose: what a project without type checking may write.
    expect(() => Reflect.apply(merge, undefined, [{ schema: Row, ...good, ...options }, branches])).toThrow(
      expect.objectContaining({
        code: "DEFINITION_INVALID",
        message: expect.stringMatching(message),
        hint: expect.any(String),
      }),
    );
  });
});

describe("wrong arguments are coded errors", () => {
  test.each([
    ["a schema that is no zod object", () => asset({ schema: z.string() }, () => [])],
    ["no function", () => Reflect.apply(asset, undefined, [{ schema: Row }])],
    ["a key that is no column", () => Reflect.apply(asset, undefined, [{ schema: Row, key: ["x"] }, () => []])],
    ["emits that nobody knows", () => Reflect.apply(asset, undefined, [{ schema: Row, emits: "diff" }, () => []])],
    ["a name that is no key", () => asset({ schema: Row, name: "a b" }, () => [])],
    ["a timeout without unit", () => Reflect.apply(asset, undefined, [{ schema: Row, timeout: "15" }, () => []])],
    ["a timeout of nothing", () => asset({ schema: Row, timeout: "0s" }, () => [])],
    ["no attempts", () => asset({ schema: Row, maxAttempts: 0 }, () => [])],
    ["a source without resource", () => source({ schema: Row, resource: "" }, () => [])],
    ["a resource twice", () => asset({ schema: Row, resource: ["api", { name: "api", weight: 2 }] }, () => [])],
    ["a weight of nothing", () => asset({ schema: Row, resource: [{ name: "api", weight: 0 }] }, () => [])],
    ["a resource without a name", () => asset({ schema: Row, resource: [""] }, () => [])],
    ["a size without unit", () => Reflect.apply(asset, undefined, [{ schema: Row, stagedBytes: "64" }, () => []])],
    ["a size of half a byte", () => asset({ schema: Row, stagedBytes: 0.5 }, () => [])],
    ["slices by nothing", () => Reflect.apply(asset, undefined, [{ schema: Row, splittable: { by: "" } }, () => []])],
    [
      "half a slice",
      () => asset({ schema: Row, splittable: { by: "n", parts: 0.5 } }, (r: In<typeof rows>) => r.all()),
    ],
    ["a key of a group that is no identifier", () => assets(["a-b"], () => rows)],
    ["a key of a group twice", () => assets(["a", "a"], () => rows)],
  ])("%s", (_name, define) => {
    expect(define).toThrow(expect.objectContaining({ code: "DEFINITION_INVALID", hint: expect.any(String) }));
  });
});

test("resources are taken by name, one unit of each unless it says how much", () => {
  const heavy = asset({ schema: Row, resource: [{ name: "warehouse", weight: 4 }, "crm"] }, () => []);
  expect(definitionOf(heavy).execution.resources).toEqual([
    { name: "crm", weight: 1 },
    { name: "warehouse", weight: 4 },
  ]);
});

test("what may wait of an asset is a size, or any number", () => {
  const sizes = ([1_000, "2 GiB", "1.5MiB", false, undefined] as const).map((stagedBytes) =>
    definitionOf(asset({ schema: Row, ...(stagedBytes === undefined ? {} : { stagedBytes }) }, () => [])),
  );
  expect(sizes.map(({ execution }) => execution.stagedBytes)).toEqual([1_000, 2_147_483_648, 1_572_864, false, null]);
});

test("slices are of the only input, and as many as are needed, unless it says otherwise", () => {
  const sliced = asset({ schema: Row, splittable: { by: "id" } }, (r: In<typeof rows>) => r.all());
  expect(definitionOf(sliced).splittable).toEqual({ by: "id", input: null, parts: "auto" });
  expect(definitionOf(rows).splittable).toBeNull();
});

test("a group has one asset per key", () => {
  const group = assets(["eu", "us"], (key) => source({ schema: Row, resource: key }, () => []));
  expect(Object.keys(group)).toEqual(["eu", "us"]);
  expect(definitionOf(group.us).execution.resources).toEqual([{ name: "us", weight: 1 }]);
  expect(Object.isFrozen(group)).toBe(true);
});
