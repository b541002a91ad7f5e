/**
 * What user code in child processes costs: `node packages/runtime/bench/child.bench.ts [assets]`. Prints how long a process takes to start,
 * what a step adds that does nothing, and how long an edit takes until a child runs the new code (bound: 150 ms for one file).
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateProject } from "../../core/bench/analyze-project.ts";
import { createChildPool, type ChildPool } from "../src/child/child-pool.ts";
import { openProject, type OpenProject } from "../src/project/open-project.ts";

const assetCount = Number(process.argv[2] ?? 1_000);
using generated = generateProject(assetCount);
const { root, assetFiles } = generated;
// Its assets have no partitions, so a graph of them has no windows either.
for (const file of assetFiles) {
  const text = readFileSync(join(root, file), "utf8");
  writeFileSync(join(root, file), text.replaceAll(/, Last<\d+>>/g, ">").replaceAll(/, type Last\b/g, ""));
}
const settings = { root, memoryMb: 512, stepsPerChild: 1_000_000, env: process.env };

const firstAnswers = await repeat(5, async () => {
  await using pool = createChildPool({ ...settings, size: 1 });
  return await time(() => describeNothing(pool));
});
report("a child starts and answers", firstAnswers);

await using pool = createChildPool({ ...settings, size: 1 });
await describeNothing(pool);
report("a warm child answers", await repeat(50, () => time(() => describeNothing(pool))));

let opened: OpenProject | undefined;
const open = async (): Promise<void> => {
  opened = await openProject({
    root,
    assets: ["assets/**/*.ts"],
    cacheDirectory: join(root, ".cache"),
    childPool: pool,
  });
};
report(`${assetCount} assets: derived and described, cold`, [await time(open)]);
const project = required(opened);
if (project.current().problems.length > 0) throw new Error(JSON.stringify(project.current().problems.slice(0, 3)));
report(`${assetCount} assets: nothing changed`, await repeat(5, () => time(() => project.reload())));
const edited = required(assetFiles[Math.floor(assetFiles.length / 2)]);
const edits = await repeat(5, async (round) => {
  appendFileSync(join(root, edited), `\nexport const edit${round} = ${round};\n`);
  return time(() => project.reload());
});
report(`${assetCount} assets: one file edited, derived and described again`, edits);
await project[Symbol.asyncDispose]();

/** The smallest piece of work: a project without assets. */
async function describeNothing(children: ChildPool): Promise<void> {
  const manifest = { formatVersion: 1, analyzer: "bench", files: {}, assets: [] } as const;
  const answer = await children.perform(
    { kind: "describe", manifest },
    {
      subject: "bench",
      code: { root, generation: "bench", files: {} },
      timeoutMs: 60_000,
      listener: { log: () => {}, progress: () => {} },
      signal: new AbortController().signal,
    },
  );
  if (answer.kind !== "result") throw new Error(JSON.stringify(answer));
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function repeat(count: number, once: (round: number) => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < count; round += 1) times.push(await once(round));
  return times;
}

function report(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  console.log(`${what.padEnd(64)} ${required(sorted[Math.floor(sorted.length / 2)]).toFixed(1)} ms`);
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the project is empty");
  return value;
}
