import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import { openWatersmeet } from "../../../src/app/open-watersmeet.ts";
import { silentLogger } from "../../../src/observe/logger.ts";
import { createTestLedger } from "../../ledger/test-ledger.ts";
import { createRivers } from "./rivers-project.ts";

/* `wait` from the author's words to the cut in the store, on the real engine. */
const assets = `import { asset, merge, type Ctx, type In } from "@watersmeet/core";
import { z } from "zod";
import { flow } from "../lib/spring.ts";

const Drop = z.object({ id: z.int(), name: z.string().nullable(), level: z.int(), at: z.iso.datetime() });

export const north = asset({ schema: Drop, key: ["id"] }, (ctx: Ctx) => flow(0, ctx));
export const south = asset({ schema: Drop, key: ["id"] }, (ctx: Ctx) => flow(2, ctx));
export const east = asset({ schema: Drop, key: ["id"] }, (ctx: Ctx) => flow(4, ctx));
export const lake = merge(
  { schema: Drop, key: ["id"], policy: "recencyFirst", eventTime: "at", wait: { quorum: 2, required: ["n"] } },
  (n: In<typeof north>, s: In<typeof south>, e: In<typeof east>) => ({ n, s, e }),
);
`;
const store = { kind: "duckdb", path: ".watersmeet/data.duckdb", memoryLimit: "256MB", threads: 1 } as const;
const lake = parseAssetKey("lake");

test("what a merge went on without is in its cut, and the next plan joins it when it comes", async () => {
  await using ledger = await createTestLedger();
  await using rivers = await createRivers(store, assets);
  const env = { ...process.env, DATABASE_URL: ledger.url };
  await using project = await openWatersmeet({ directory: rivers.root, env, logger: silentLogger });
  expect(project.project().problems).toEqual([]);
  await using _worker = await project.startWorker();
  const run = async (select: string, force: boolean): Promise<string> => {
    const { run: submitted } = await project.submitRun({ select, force, requestedBy: "test" });
    let state = "";
    for await (const record of project.followRun(submitted.id)) state = record.state;
    return state;
  };
  expect(await run("*", true)).toBe("succeeded");
  expect((await project.merges.cut(lake, unpartitioned)).cut.decision).toEqual({ kind: "complete" });

  await rivers.setWeather({ generation: 2, seed: 0, dry: 4 });
  expect(await run("*", true)).toBe("failed");
  const { cut } = await project.merges.cut(lake, unpartitioned);
  expect(cut.decision).toEqual({ kind: "quorum", missing: ["e"], allowed: 2 });
  expect(
    cut.legs.map(({ branch, isLastGood, inputs }) => [branch, isLastGood, inputs.map((input) => input.version)]),
  ).toEqual([
    ["e", true, [1]],
    ["n", false, [2]],
    ["s", false, [2]],
  ]);

  await rivers.setWeather({ generation: 2, seed: 0 });
  expect(await run("east", true)).toBe("succeeded");
  expect((await project.plan({ select: "lake" })).stepCount).toBe(1);
  expect(await run("lake", false)).toBe("succeeded");
  expect((await project.merges.cut(lake, unpartitioned)).cut.decision).toEqual({ kind: "complete" });

  await rivers.setWeather({ generation: 3, seed: 0, dry: 0 });
  expect(await run("*", true)).toBe("failed");
  expect((await project.why(lake, unpartitioned)).reasons.join(" ")).toContain("it requires n");
});
