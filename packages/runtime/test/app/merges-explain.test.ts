import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { airports, key, openRegisters, renderRow, type Change, type Registers } from "./registers-project.ts";

const ana = { by: "ana", reason: "by chance" } as const;
const codes = ["AAA", "BBB", "CCC"] as const;

/** Collisions on purpose: three keys, four times, equal values. */
const change: fc.Arbitrary<Change> = fc.record(
  {
    code: fc.constantFrom(...codes),
    name: fc.constantFrom("x", "y", "\u{1f600}"),
    city: fc.constantFrom("p", "q"),
    runways: fc.integer({ min: 0, max: 3 }),
    does: fc.constantFrom("upsert" as const, "upsert" as const, "delete" as const, "retract" as const),
    at: fc.constantFrom("2001-01-01T00:00:00Z", "2001-01-02T00:00:00Z", "2001-01-05T00:00:00Z", "2001-01-09T00:00:00Z"),
  },
  { requiredKeys: ["code", "at"] },
);

/** A batch in which no two rows of a key have one time: those would be ambiguous. */
const batch = fc.uniqueArray(change, { selector: (each) => `${each.code} ${each.at}`, minLength: 1, maxLength: 6 });

function sumOf(values: readonly unknown[]): number {
  return values.reduce<number>((sum, value) => sum + Number(value ?? 0), 0);
}

describe.each(["duckdb", "postgres"] as const)("explain over %s", (engine) => {
  let registers: Registers;
  beforeAll(async () => {
    registers = await openRegisters(engine);
  });
  afterAll(() => registers[Symbol.asyncDispose]());

  const explain = (code: string, version?: number) =>
    registers.project.merges.explain({ asset: airports, key: { code }, ...(version === undefined ? {} : { version }) });

  /** The row that explain comes to, as readers' rows are written; `none` for keys of which nothing was said, or that have no row. */
  const explained = async (code: string, version?: number): Promise<string> => {
    const answer = await explain(code, version).catch((error: unknown) => {
      if (error instanceof Object && "code" in error && error.code === "NOT_FOUND") return undefined;
      throw error;
    });
    return answer?.row == null ? "none" : renderRow(answer.row);
  };

  test("comes to the row that the version has, for every key, in every version, whatever was delivered or taken back", async () => {
    const versions = new Map<number, ReadonlyMap<string, string>>();
    const remember = async (): Promise<void> => {
      const [cut] = await registers.project.merges.listCuts(airports, { limit: 1 });
      const rows = await registers.rows("airports");
      const byCode = codes.map(
        (code) => [code, rows.find((row) => row.startsWith(`code=${code} `)) ?? "none"] as const,
      );
      if (cut !== undefined) versions.set(cut.version, new Map(byCode));
    };
    const deliveries = fc.sample(fc.tuple(batch, batch), { numRuns: 4, seed: 7 });
    for (const [authority, airline] of deliveries) {
      expect(await registers.deliver({ authority, airline })).toMatchObject({ state: "succeeded" });
      await remember();
    }
    const live = await registers.project.merges.listBatches({ asset: airports, standing: "live", limit: 100 });
    const what = { kind: "batches", batchIds: live.slice(0, 2).map((each) => each.batchId) } as const;
    await registers.follow((await registers.project.merges.revoke({ asset: airports, what, ...ana })).run);
    await remember();
    expect(versions.size).toBeGreaterThan(3);
    for (const [version, rows] of versions) {
      for (const code of codes) expect([version, await explained(code, version)]).toEqual([version, rows.get(code)]);
    }
  });

  test("a rollback gives every key the row that the version had, in a version of its own", async () => {
    const { merges } = registers.project;
    const before = await registers.rows("airports");
    const [cut] = await merges.listCuts(airports, { limit: 1 });
    await registers.deliver({ airline: [{ code: "AAA", name: "z", city: "z", at: "2001-01-20T00:00:00Z" }] });
    expect(await registers.rows("airports")).not.toEqual(before);
    const to = cut?.version ?? 0;
    const { run, batches } = await merges.rollback({ asset: airports, to, cascade: "leaveStale", ...ana });
    expect(batches).toMatchObject([{ branch: "airline" }]);
    expect(await registers.follow(run)).toMatchObject({ state: "succeeded" });
    expect(await registers.rows("airports")).toEqual(before);
    expect((await merges.listCuts(airports, { limit: 1 }))[0]?.version).toBe(to + 2);
    for (const code of codes)
      expect(await explained(code)).toBe(before.find((row) => row.startsWith(`code=${code} `)) ?? "none");
  });

  test.each(["claims", "everything", "joined"])(
    "comes to a row that the version has, cell by cell, also of the merge %s",
    async (name) => {
      const asset = key(name);
      for (const airline of [[], [{ code: "BBB", name: "w", runways: 2, at: "2001-01-21T00:00:00Z" }]]) {
        if (airline.length > 0) await registers.deliver({ airline });
        expect(await registers.run({ select: name })).toMatchObject({ state: "succeeded" });
        const rows = await registers.rows(name);
        for (const code of codes) {
          const ofKey = rows.filter((row) => row.startsWith(`code=${code}`));
          const answer = await registers.project.merges.explain({ asset, key: { code } });
          expect(answer.isConflict).toBe(name === "claims" && ofKey.length > 1);
          if (answer.row === null) expect(ofKey).toEqual([]);
          else expect(ofKey).toContain(renderRow(answer.row));
          for (const { column, policy, value, winners } of answer.cells) {
            expect([column, value]).toEqual([column, answer.row?.[column] ?? null]);
            const said = winners.map(({ cells }) => cells[column]);
            if (policy === "sum") expect(value).toEqual(said.length === 0 ? null : sumOf(said));
            else if (policy === "custom" && said.length > 0) expect(said).toContain(value);
            else if (policy !== "custom") expect([column, said[0] ?? null]).toEqual([column, value]);
          }
        }
      }
    },
  );

  test("shows everything that was said of a key once, and where it came from", async () => {
    for (const code of codes) {
      const { cells, tombstones, others, version } = await explain(code);
      const said = [...cells.flatMap((cell) => cell.winners), ...tombstones, ...others];
      expect(said.every((each) => each.batch.origin?.materializationId != null)).toBe(true);
      expect(others.filter((each) => each.fate === "winner")).toEqual([]);
      // What has no cells is told by what it does.
      for (const { token, operation } of said)
        expect(token.at(-1)?.part).toBe(operation === "upsert" ? "value" : "operation");
      const revoked = said.filter((each) => each.batch.standing === "revoked");
      expect(revoked.every((each) => each.fate === "revoked")).toBe(true);
      expect(version).toBeGreaterThan(0);
      for (const cell of cells) {
        const times = cell.runnersUp.map((each) => each.token.map((part) => part.value));
        expect(times.length).toBe(new Set(times.map(String)).size);
      }
    }
  });

  test("narrows to a column, and refuses what is no key, no column and no version", async () => {
    const { merges } = registers.project;
    const [code] = codes;
    const one = await merges.explain({ asset: airports, key: { code }, column: "name" });
    expect(one.cells.map((cell) => [cell.column, cell.policy])).toEqual([["name", "priorityFirst"]]);
    await expect(merges.explain({ asset: airports, key: {} })).rejects.toMatchObject({ code: "KEY_INVALID" });
    await expect(merges.explain({ asset: airports, key: { code }, column: "nothing" })).rejects.toMatchObject({
      code: "USAGE_INVALID",
    });
    await expect(merges.explain({ asset: airports, key: { code: "ZZZ" } })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(explain(code, 4711)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
