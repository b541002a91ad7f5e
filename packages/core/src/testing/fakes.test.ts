import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  asset,
  isNonRetriableError,
  isRetryAfterError,
  NonRetriableError,
  query,
  RetryAfterError,
  source,
  type Ctx,
  type Db,
  type In,
} from "../index.ts";
import { fakeCtx } from "./fake-ctx.ts";
import { fake } from "./fake.ts";
import { runAsset } from "./run-asset.ts";

const Delay = z.object({ iata: z.string(), minutes: z.number() });
const delays = source({ schema: Delay, resource: "x" }, () => []);
const bad = asset(
  { schema: z.object({ iata: z.string().length(3), day: z.string() }) },
  async function* (input: In<typeof delays>, ctx: Ctx) {
    ctx.progress(1, 2);
    for await (const row of input) if (row.minutes > 60) yield { iata: row.iata, day: ctx.partition };
    ctx.report({ done: true });
  },
);

describe("an author's unit test", () => {
  test("runs an asset on fakes and sees its rows", async () => {
    const ctx = fakeCtx({ partition: "2001-01-31" });
    expect(
      await runAsset(bad, [
        fake<typeof delays>([
          { iata: "JFK", minutes: 61 },
          { iata: "SFO", minutes: 60 },
        ]),
        ctx,
      ]),
    ).toEqual([{ iata: "JFK", day: "2001-01-31" }]);
    expect([ctx.facts, ctx.progressed]).toEqual([{ done: true }, [{ done: 1, total: 2, message: null }]]);
  });

  test("fails at the first row that the schema refuses", async () => {
    const rows = fake<typeof delays>([{ iata: "JFKX", minutes: 61 }]);
    await expect(runAsset(bad, [rows, fakeCtx()])).rejects.toMatchObject({
      code: "ROW_INVALID",
      message: expect.stringContaining("row 1, iata:"),
    });
  });

  test("reads a fake in every way that a handle is read", async () => {
    const rows = fake<typeof delays>([
      { iata: "a", minutes: 1 },
      { iata: "b", minutes: 2 },
    ]);
    expect(await rows.first()).toEqual({ iata: "a", minutes: 1 });
    expect(await rows.all()).toHaveLength(2);
    const streamed: unknown[] = [];
    for await (const row of rows) streamed.push(row);
    expect(streamed).toEqual(await rows.all());
    expect(await fake<typeof delays>([]).first()).toBeUndefined();
  });

  test("compiles a query over fakes", () => {
    const db: Db = new Kysely({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    });
    const late = query({ schema: Delay }, (d: In<typeof delays>, db: Db) =>
      db.selectFrom(d.as("d")).selectAll("d").where("d.minutes", ">", 60),
    );
    expect(late.fn(fake<typeof delays>([]), db).compile().sql).toBe(
      'select "d".* from "d" as "d" where "d"."minutes" > $1',
    );
  });

  test("gives secrets and a cursor", async () => {
    const ctx = fakeCtx({ secrets: { token: "t" }, cursor: 3 });
    ctx.log.warn("slow", { ms: 5 });
    await ctx.checkpoint(3);
    await ctx.checkpoint.set(4);
    expect([ctx.secret("token"), await ctx.checkpoint.get(), ctx.lines]).toEqual([
      "t",
      4,
      [{ level: "warn", message: "slow", fields: { ms: 5 } }],
    ]);
    expect(() => ctx.secret("other")).toThrow('no secret "other"');
  });

  test("keeps what was promised of rows to come, and refuses what is no instant as a worker would", () => {
    const ctx = fakeCtx();
    expect(ctx.promise).toBeNull();
    ctx.watermark("2001-01-31T05:00:00.000001Z");
    ctx.watermark("2001-01-31");
    expect(ctx.promise).toEqual({ watermark: "980917200000001", isFinished: false });
    ctx.finish();
    expect(ctx.promise).toEqual({ watermark: "980917200000001", isFinished: true });
    expect(() => ctx.watermark("yesterday")).toThrow(
      expect.objectContaining({
        code: "OUTPUT_INVALID",
        message: 'ctx.watermark was given "yesterday", which is no instant',
      }),
    );
    expect(() => Reflect.apply(ctx.watermark, ctx, [new Date(0)])).toThrow(/was given a Date/);
  });
});

test("errors for authors are known by name, also from another copy of the package", () => {
  const later = new RetryAfterError("busy", { afterMs: 5_000 }, { cause: new Error("429") });
  expect([isRetryAfterError(later), later.retryAfter, isNonRetriableError(later)]).toEqual([
    true,
    { afterMs: 5_000 },
    false,
  ]);
  expect(isNonRetriableError(new NonRetriableError("gone"))).toBe(true);
  expect(isRetryAfterError(new Error("busy"))).toBe(false);
});
