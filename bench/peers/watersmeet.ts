import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openWatersmeet, type Watersmeet } from "../../packages/runtime/src/index.ts";
import { runCommand } from "../../packages/ui-server/bench/command-process.ts";
import type { Peer } from "./peer.ts";

const workspace = resolve(import.meta.dirname, "../..");

/** This project, with a Postgres of its own and rows in DuckDB, user code in its child processes. */
export function openWatersmeetPeer(): Peer {
  return {
    name: "Watersmeet",
    layered: (steps) => timeRun(renderLayers(steps), "*"),
    backfill: (partitions) => timeRun(renderPartitioned(partitions), "daily"),
    async cold() {
      await using project = await createProject(renderLayers(1));
      await runCommand(project.directory, ["check"]);
      return (await runCommand(project.directory, ["run", "a0"])).wallMs / 1_000;
    },
    async warm(repeats) {
      await using project = await createProject(renderLayers(1));
      await using watersmeet = await openWarm(project.directory);
      await finishRun(watersmeet, "a0");
      const seconds: number[] = [];
      for (let repeat = 0; repeat < repeats; repeat += 1) seconds.push(await finishRun(watersmeet, "a0"));
      return seconds;
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function timeRun(assets: string, select: string): Promise<number> {
  await using project = await createProject(assets);
  await using watersmeet = await openWarm(project.directory);
  return await finishRun(watersmeet, select);
}

async function openWarm(directory: string): Promise<Watersmeet> {
  const watersmeet = await openWatersmeet({ directory, startsWorker: true });
  await watersmeet.startWorker();
  return watersmeet;
}

async function finishRun(watersmeet: Watersmeet, select: string): Promise<number> {
  const startedAt = performance.now();
  const { run } = await watersmeet.submitRun({ select, force: true, requestedBy: "bench" });
  let last = run;
  for await (const record of watersmeet.followRun(run.id)) last = record;
  if (last.state !== "succeeded") throw new Error(`the run ended as ${last.state}`);
  return (performance.now() - startedAt) / 1_000;
}

async function createProject(assets: string) {
  const directory = await mkdtemp(join(tmpdir(), "watersmeet-peers-"));
  await mkdir(join(directory, "assets"));
  await writeFile(join(directory, "package.json"), `{ "type": "module" }`);
  await symlink(join(workspace, "examples/quickstart/node_modules"), join(directory, "node_modules"));
  await writeFile(
    join(directory, "watersmeet.config.ts"),
    `import { defineConfig, duckdb } from "@watersmeet/runtime/config";
export default defineConfig({ stores: { default: duckdb({ path: ".watersmeet/data.duckdb" }) } });
`,
  );
  await writeFile(join(directory, "assets/graph.ts"), assets);
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

const head = `import { asset, listed, type In } from "@watersmeet/core";
import { z } from "zod";
import type * as graph from "./graph.ts";
const Row = z.object({ id: z.int() });
`;

function renderLayers(steps: number): string {
  const width = 250;
  const assets = Array.from({ length: steps }, (_, index) => {
    const [layer, slot] = [Math.floor(index / width), index % width];
    const inputs = layer === 0 ? [] : [0, 1, 2].map((k) => (layer - 1) * width + ((slot + k) % width));
    const parameters = inputs.map((input) => `_a${input}: In<typeof graph.a${input}>`).join(", ");
    return `export const a${index} = asset({ schema: Row }, async (${parameters}) => []);`;
  });
  return `${head.replace("listed, ", "")}${assets.join("\n")}\n`;
}

function renderPartitioned(partitions: number): string {
  const keys = Array.from({ length: partitions }, (_, index) => `"p${index}"`).join(", ");
  return `${head}export const daily = asset({ schema: Row, partitions: listed([${keys}]) }, async () => []);\n`;
}
