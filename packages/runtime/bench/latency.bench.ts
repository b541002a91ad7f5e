/*
 * How long things take that somebody waits for:
 *
 *     node packages/runtime/bench/latency.bench.ts [rounds]
 *
 * From SIGKILL of a worker to its step running in another one (bound: p95 <= 500 ms), and from submitting a run of one step to its author's function
 * running in a child of a worker that is warm, as in `watersmeet dev` (bound: p95 <= 60 ms).
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openWatersmeet } from "../src/app/open-watersmeet.ts";
import { openEmbeddedPostgres } from "../src/ledger/embedded/embedded-postgres.ts";
import { openLedger, type LedgerDb } from "../src/ledger/open-ledger.ts";
import { silentLogger } from "../src/observe/logger.ts";
import { cancelRun } from "../src/queue/control-run.ts";
import { ensureDoorbell } from "../src/queue/doorbell/doorbell.ts";
import { submit } from "../test/worker/test-runs.ts";

const rounds = Number(process.argv[2] ?? 20);
const warmUps = 3;
/** Says when it runs, by the clock of all processes of the machine. */
const assets = `import { asset } from "@watersmeet/core";
import { writeFileSync } from "node:fs";
import { z } from "zod";

export const told = asset({ schema: z.object({ id: z.int() }) }, () => {
  writeFileSync("told", String(performance.timeOrigin + performance.now()));
  return [{ id: 1 }];
});
`;
const folder = await realpath(await mkdtemp(join(tmpdir(), "watersmeet-latency-")));
await chmod(folder, 0o755);
{
  await using server = await openEmbeddedPostgres(join(folder, "postgres"));
  {
    await using ledger = await openLedger(server.url);
    await ensureDoorbell(ledger.pool);
    report("SIGKILL to running elsewhere", await measureKills(ledger.db, server.url), 500);
  }
  report("run to first user code", await measureStarts(server.url), 60);
}
await rm(folder, { recursive: true, force: true });

interface Process {
  readonly child: ChildProcess;
  /** Resolves when it says that a step runs. */
  running(): Promise<Process>;
}

async function startProcess(url: string): Promise<Process> {
  const main = fileURLToPath(new URL("../test/worker/worker-main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, url, "hang"], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const self: Process = {
    child,
    async running() {
      for (;;) {
        const [line] = await once(lines, "line");
        if (String(line).startsWith("running")) return self;
      }
    },
  };
  await once(lines, "line");
  return self;
}

async function measureKills(db: LedgerDb, url: string): Promise<readonly number[]> {
  let processes: readonly Process[] = await Promise.all([startProcess(url), startProcess(url)]);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = Promise.race(processes.map((each) => each.running()));
    const id = await submit(db, [{ key: `step${round}` }]);
    const victim = await first;
    const others = processes.filter((each) => each !== victim);
    const elsewhere = Promise.race(others.map((each) => each.running()));
    const startedMs = performance.now();
    victim.child.kill("SIGKILL");
    await elsewhere;
    times.push(performance.now() - startedMs);
    await cancelRun(db, id, "bench");
    processes = [...others, await startProcess(url)];
  }
  for (const { child } of processes) child.kill("SIGKILL");
  return times;
}

async function measureStarts(url: string): Promise<readonly number[]> {
  const root = join(folder, "project");
  await mkdir(join(root, "assets"), { recursive: true });
  await symlink(fileURLToPath(new URL("../node_modules", import.meta.url)), join(root, "node_modules"));
  await writeFile(join(root, "package.json"), JSON.stringify({ name: "latency", type: "module" }));
  await writeFile(join(root, "watersmeet.config.ts"), "export default {};\n");
  await writeFile(join(root, "assets/told.ts"), assets);
  const env = { ...process.env, DATABASE_URL: url };
  await using project = await openWatersmeet({ directory: root, env, logger: silentLogger, startsWorker: true });
  await using _worker = await project.startWorker();
  const times: number[] = [];
  for (let round = 0; round < rounds + warmUps; round++) {
    const startedMs = performance.timeOrigin + performance.now();
    const { run } = await project.submitRun({ select: "told", force: true, requestedBy: "bench" });
    let state = "";
    for await (const each of project.followRun(run.id)) state = each.state;
    if (state !== "succeeded") throw new Error(`run ${run.id} ${state}`);
    if (round >= warmUps) times.push(Number(await readFile(join(root, "told"), "utf8")) - startedMs);
  }
  return times;
}

function report(name: string, times: readonly number[], boundMs: number): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(0);
  console.log(`${name.padEnd(30)} p50 ${at(0.5)} ms, p95 ${at(0.95)} ms (${times.length} times; bound ${boundMs} ms)`);
}
