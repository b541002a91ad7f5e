/**
 * Static derivation against what a project costs anyway: `node packages/core/bench/analyze.bench.ts [counts…]`. Every run is a process of its own,
 * side by side with `tsc --noEmit --checkers 1` and with a plain `import()` of the same files; prints medians of whole processes and the ratios
 * that have a bound.
 */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { generateProject, type GeneratedProject } from "./analyze-project.ts";

const door = pathToFileURL(join(import.meta.dirname, "../src/analyze/index.ts")).href;
const tsc = join(import.meta.dirname, "../../../node_modules/.bin/tsc");
const cache = ".cache";

const counts = process.argv.slice(2).map(Number);
for (const count of counts.length === 0 ? [100, 1000, 5000] : counts) measure(count);

function measure(count: number): void {
  using project = generateProject(count);
  const repeats = count > 1000 ? 3 : 5;
  const rounds = Array.from({ length: repeats }, () => measureRound(project, count));
  const median = (pick: (round: Round) => number): number => {
    const sorted = rounds.map(pick).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  const times = {
    cold: median(({ cold }) => cold),
    cached: median(({ cached }) => cached),
    imported: median(({ imported }) => imported),
    checked: median(({ checked }) => checked),
    edit: median(({ edit }) => edit),
  };
  const megabytes = median(({ megabytes }) => megabytes);
  const editWork = median((round) => round.editWork);
  print(`\n${count} assets, median of ${repeats}`);
  print(`  cold, no cache            ${seconds(times.cold)}   ${megabytes.toFixed(0)} MB`);
  print(`  unchanged, facts cached   ${seconds(times.cached)}`);
  print(`  one file edited, warm     ${seconds(times.edit)}   ${editWork.toFixed(0)} ms of CPU`);
  print(`  import() of the files     ${seconds(times.imported)}`);
  print(`  tsc --checkers 1          ${seconds(times.checked)}`);
  print(`  cold / tsc                ${ratio(times.cold / times.checked, count === 1000 ? 0.5 : null)}`);
  print(`  unchanged / import        ${ratio(times.cached / times.imported, count === 1000 ? 1 : null)}`);
  if (count === 1000) print(`  edit / 100 ms             ${ratio(times.edit / 100, 1)}`);
}

interface Round {
  readonly cold: number;
  readonly cached: number;
  readonly edit: number;
  /** CPU of an edit: on a busy machine the wall time says more about the others. */
  readonly editWork: number;
  readonly imported: number;
  readonly checked: number;
  readonly megabytes: number;
}

function measureRound(project: GeneratedProject, count: number): Round {
  rmSync(join(project.root, cache), { recursive: true, force: true });
  const cold = runScript(project, renderAnalysis(project, count));
  runScript(project, renderAnalysis(project, count, cache));
  const cached = runScript(project, renderAnalysis(project, count, cache));
  const edit = runScript(project, renderEdits(project));
  const imported = runScript(
    project,
    `for (const file of ${JSON.stringify(project.assetFiles)}) await import(${JSON.stringify(pathToFileURL(project.root).href)} + "/" + file);`,
  );
  const checked = time(project, tsc, ["--noEmit", "--checkers", "1", "-p", "."]);
  return {
    cold: cold.ms,
    cached: cached.ms,
    imported: imported.ms,
    checked: checked.ms,
    edit: Number(edit.output.split(" ")[0]),
    editWork: Number(edit.output.split(" ")[1]),
    megabytes: Number(cold.output),
  };
}

function renderAnalysis({ root }: GeneratedProject, count: number, cacheDirectory?: string): string {
  const options = {
    root,
    assets: ["assets/**/*.ts"],
    ...(cacheDirectory === undefined ? {} : { cacheDirectory: join(root, cacheDirectory) }),
  };
  return `
    import { analyzeProject } from ${JSON.stringify(door)};
    const { manifest, problems } = await analyzeProject(${JSON.stringify(options)});
    if (manifest.assets.length !== ${count} || problems.length > 0) throw new Error(JSON.stringify(problems.slice(0, 3)) + manifest.assets.length);
    console.log(process.resourceUsage().maxRSS / 1024);
  `;
}

/** The median of edits in one process, as a dev server makes them. */
function renderEdits({ root, assetFiles }: GeneratedProject): string {
  return `
    import { readFileSync, writeFileSync } from "node:fs";
    import { openAnalyzer } from ${JSON.stringify(door)};
    const analyzer = await openAnalyzer(${JSON.stringify({ root, assets: ["assets/**/*.ts"] })});
    await analyzer.analyze();
    const times = [];
    const work = [];
    for (let edit = 0; edit < 15; edit++) {
      const path = ${JSON.stringify(`${root}/`)} + ${JSON.stringify(assetFiles)}[edit % ${assetFiles.length}];
      const before = readFileSync(path, "utf8");
      writeFileSync(path, before.replace("return", "void " + edit + ";\\n  return"));
      const start = performance.now();
      const cpu = process.cpuUsage();
      const { problems } = await analyzer.analyze();
      times.push(performance.now() - start);
      const { user, system } = process.cpuUsage(cpu);
      work.push((user + system) / 1000);
      writeFileSync(path, before);
      if (problems.length > 0) throw new Error(JSON.stringify(problems[0]));
    }
    for (const list of [times, work]) list.sort((a, b) => a - b);
    console.log(times[7], work[7]);
  `;
}

interface Timed {
  readonly ms: number;
  readonly output: string;
}

function runScript(project: GeneratedProject, script: string): Timed {
  const path = join(project.root, "run.mjs");
  writeFileSync(path, script);
  return time(project, process.execPath, [path]);
}

function time({ root }: GeneratedProject, command: string, args: readonly string[]): Timed {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stdout}${stderr}`.slice(0, 3000));
  return { ms, output: stdout.trim() };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`.padStart(9);
}

/** Bounds hold at 1,000 assets: below, loading the parser weighs more than the project. */
function ratio(value: number, limit: number | null): string {
  const verdict = limit === null ? "" : ` (bound ${limit}) ${value <= limit ? "ok" : "MISSED"}`;
  return `${value.toFixed(2)}${verdict}`;
}

function print(line: string): void {
  console.log(line);
}
