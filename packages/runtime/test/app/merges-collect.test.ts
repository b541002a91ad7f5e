import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { airports, key, openRegisters, type Registers } from "./registers-project.ts";

const newest = key("newest");
const at = (date: string): string => `2001-01-${date}T00:00:00Z`;

describe("what is older than the retention", () => {
  let registers: Registers;
  beforeAll(async () => {
    registers = await openRegisters();
    await registers.deliver({ authority: [{ code: "TXL", city: "Berlin", at: at("01") }], airline: [] });
    await registers.run({ select: "newest" });
    for (const date of ["02", "03"]) {
      await registers.deliver({ airline: [{ code: "TXL", name: date, at: at(date) }] });
      await registers.run({ select: "newest" });
    }
    await sleep(1_100);
  });
  afterAll(() => registers[Symbol.asyncDispose]());

  test("is removed when it is asked for, and what readers see is not; merges that keep everything are left alone", async () => {
    const { merges } = registers.project;
    const before = await registers.rows("newest");
    expect(before).toEqual(["code=TXL name=03 city=Berlin"]);
    const told = await merges.collect("all", { dryRun: true });
    expect(told).toMatchObject([{ asset: "newest", versions: 2 }]);
    expect(await merges.collect("all", { dryRun: true })).toEqual(told);
    expect(await merges.collect(newest, { dryRun: false })).toEqual(told);
    expect(await merges.collect("all", { dryRun: false })).toMatchObject([{ versions: 0, rows: 0 }]);
    expect(await registers.rows("newest")).toEqual(before);
    expect((await merges.listCuts(airports, { limit: 10 })).length).toBe(3);
  });

  test("can be neither explained nor rolled back to, and everything else goes on", async () => {
    const { merges } = registers.project;
    const back = { asset: newest, to: 1, cascade: "leaveStale", by: "ana", reason: "too old" } as const;
    await expect(merges.rollback(back)).rejects.toMatchObject({ code: "STORE_VERSION_UNKNOWN" });
    await expect(merges.explain({ asset: newest, key: { code: "TXL" }, version: 1 })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    const { row } = await merges.explain({ asset: newest, key: { code: "TXL" } });
    expect(row).toEqual({ code: "TXL", name: "03", city: "Berlin" });
    await registers.deliver({ airline: [{ code: "TXL", name: "04", at: at("04") }] });
    expect(await registers.run({ select: "newest" })).toMatchObject({ state: "succeeded" });
    expect(await registers.rows("newest")).toEqual(["code=TXL name=04 city=Berlin"]);
    expect((await merges.checkConservation(newest)).map((each) => each.isConserved)).toEqual([true]);
  });
});
