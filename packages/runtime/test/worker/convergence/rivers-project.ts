import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StoreDefinition } from "../../../src/config/define-config.ts";

const installed = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** What the functions of the project's assets go by, read anew by each of them. */
export interface Weather {
  /** Which rows there are to deliver. */
  readonly generation: number;
  /** Which attempts are slow, throw, or take their process with them. 0: none. */
  readonly seed: number;
  /** A river that nothing comes from any more. */
  readonly dry?: number;
}

export interface RiversProject extends AsyncDisposable {
  readonly root: string;
  setWeather(weather: Weather): Promise<void>;
}

/** Merges of 2, 5 and 8 branches over the same eight assets, two of them partitioned, and a query that reads what they make. */
const meets: Readonly<Record<string, readonly number[]>> = {
  meet2: [0, 1],
  meet5: [1, 2, 4, 5, 7],
  meet8: [0, 1, 2, 3, 4, 5, 6, 7],
};

const isSplit = (river: number): boolean => river === 1 || river === 5;

export async function createRivers(store: StoreDefinition, assets = renderAssets()): Promise<RiversProject> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "watersmeet-rivers-")));
  await mkdir(join(root, "assets"));
  await mkdir(join(root, "lib"));
  await symlink(installed, join(root, "node_modules"));
  await writeFile(join(root, "package.json"), JSON.stringify({ name: "rivers", type: "module" }));
  await writeFile(join(root, "watersmeet.config.ts"), renderConfig(store));
  await writeFile(join(root, "lib/spring.ts"), spring);
  await writeFile(join(root, "assets/rivers.ts"), assets);
  const setWeather = (weather: Weather): Promise<void> =>
    writeFile(join(root, "weather.json"), JSON.stringify(weather));
  await setWeather({ generation: 1, seed: 0 });
  return {
    root,
    setWeather,
    async [Symbol.asyncDispose]() {
      await rm(root, { recursive: true, force: true });
    },
  };
}

function renderConfig(store: StoreDefinition): string {
  return `export default {
  store: ${JSON.stringify(store)},
  worker: { concurrency: Number(process.env["RIVERS_CONCURRENCY"] ?? 3), childMemoryMb: 96 },
  retries: { maxAttempts: 4, minDelayMs: 1, maxDelayMs: 20 },
};
`;
}

/** Everything comes from hashes, so that every attempt of a generation delivers the same, whatever happens to it on the way. */
const spring = `import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { NonRetriableError, type Ctx } from "@watersmeet/core";

export interface Drop {
  readonly id: number;
  readonly name: string | null;
  readonly level: number;
  readonly at: string;
}

function roll(...parts: readonly (string | number)[]): number {
  return createHash("sha256").update(JSON.stringify(parts)).digest().readUInt32BE();
}

export async function flow(river: number, ctx: Ctx): Promise<readonly Drop[]> {
  const { generation, seed, dry } = JSON.parse(readFileSync("weather.json", "utf8"));
  if (dry === river) throw new NonRetriableError("the river is dry");
  const luck = roll(seed, river, ctx.partition, generation, ctx.attempt);
  if (seed !== 0) await sleep(luck % 50);
  if (seed !== 0 && ctx.attempt < 3 && luck % 4 === 0) throw new Error("a flood");
  if (seed !== 0 && ctx.attempt < 2 && luck % 13 === 1) process.exit(7);
  return Array.from({ length: 30 }, (_, id) => id).flatMap((id): Drop[] => {
    const drop = roll(river, ctx.partition, id, generation);
    if (drop % 3 === 0) return [];
    const day = 1 + (drop >>> 8) % 5;
    return [{ id, name: drop % 7 === 0 ? null : \`n\${drop % 11}\`, level: (drop >>> 16) % 100, at: \`2001-01-0\${day}T00:00:00Z\` }];
  });
}
`;

function renderAssets(): string {
  const rivers = Array.from({ length: 8 }, (_, river) => {
    const partitions = isSplit(river) ? `partitions: listed(["left", "right"]), ` : "";
    return `export const r${river} = asset({ schema: Drop, ${partitions}key: ["id"], maxAttempts: 4 }, (ctx: Ctx) => flow(${river}, ctx));`;
  });
  const merges = Object.entries(meets).map(([name, branches]) => {
    const parameters = branches.map((river) => `b${river}: In<typeof r${river}${isSplit(river) ? ", All" : ""}>`);
    return `export const ${name} = merge(
  { schema: Drop, key: ["id"], policy: "recencyFirst", columns: { level: "priorityFirst" }, trust: { b${branches[0] ?? 0}: 2 }, eventTime: "at", maxAttempts: 4 },
  (${parameters.join(", ")}) => ({ ${branches.map((river) => `b${river}`).join(", ")} }),
);`;
  });
  return `import { asset, listed, merge, query, type All, type Ctx, type Db, type In } from "@watersmeet/core";
import { z } from "zod";
import { flow } from "../lib/spring.ts";

const Drop = z.object({ id: z.int(), name: z.string().nullable(), level: z.int(), at: z.iso.datetime() });
const Depth = z.object({ id: z.int(), level: z.int() });

${rivers.join("\n")}
${merges.join("\n")}
export const depths = query({ schema: Depth, key: ["id"], maxAttempts: 4 }, (a: In<typeof meet8>, b: In<typeof meet2>, db: Db) =>
  db.selectFrom(a.as("a")).innerJoin(b.as("b"), "b.id", "a.id").select(["a.id", "b.level"]));
`;
}
