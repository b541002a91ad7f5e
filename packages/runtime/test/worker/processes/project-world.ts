import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openWatersmeet } from "../../../src/app/open-watersmeet.ts";
import type { Watersmeet } from "../../../src/app/watersmeet.ts";
import type { StoreDefinition } from "../../../src/config/define-config.ts";
import type { RunId } from "../../../src/ledger/records.ts";
import { silentLogger } from "../../../src/observe/logger.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { waitUntil } from "../test-runs.ts";

const installed = fileURLToPath(new URL("../../../node_modules", import.meta.url));
const workerMain = fileURLToPath(new URL("project-worker-main.ts", import.meta.url));

export interface WorkerProcess {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it says: `ready`, then `stopped` when it has ended well. */
  readonly lines: readonly string[];
}

/** A project of its own with a ledger of its own, and workers as processes. Disposed, nothing of it is left. */
export interface ProjectWorld extends AsyncDisposable {
  readonly root: string;
  readonly ledger: TestLedger;
  readonly project: Watersmeet;
  spawnWorker(): Promise<WorkerProcess>;
  /** The same project with other sources, in a folder of its own: workers of another deployment. */
  deploy(assets: string): Promise<{ spawnWorker(): Promise<WorkerProcess> }>;
  write(path: string, text: string): Promise<void>;
  submit(select?: string): Promise<RunId>;
}

export interface WorldOptions {
  readonly store: StoreDefinition;
  /** Source of the project's assets. */
  readonly assets: string;
  /** Members of the configuration, as source. */
  readonly config?: string;
}

export async function createProjectWorld(options: WorldOptions): Promise<ProjectWorld> {
  await using stack = new AsyncDisposableStack();
  const ledger = stack.use(await createTestLedger());
  const folders: string[] = [];
  stack.defer(() => removeAll(folders));
  const prepareRoot = async (assets: string): Promise<string> => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "watersmeet-world-")));
    folders.push(folder);
    await writeProject(folder, { ...options, assets });
    return folder;
  };
  const root = await prepareRoot(options.assets);
  const env = { ...process.env, DATABASE_URL: ledger.url };
  const project = stack.use(await openWatersmeet({ directory: root, env, logger: silentLogger }));
  const { problems } = project.project();
  if (problems.length > 0) throw new Error(`the project has problems: ${JSON.stringify(problems)}`);
  const processes: ChildProcess[] = [];
  stack.defer(() => endAll(processes));
  const spawnWorker = async (folder: string): Promise<WorkerProcess> => {
    const child = spawn(process.execPath, [workerMain, folder], { env, stdio: ["pipe", "pipe", "inherit"] });
    processes.push(child);
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
    await waitUntil(() => lines.includes("ready") || child.exitCode !== null || child.signalCode !== null);
    return { process: child, pid: child.pid ?? 0, lines };
  };
  const all = stack.move();
  return {
    root,
    ledger,
    project,
    write: (path, text) => writeFile(join(root, path), text),
    spawnWorker: () => spawnWorker(root),
    async deploy(assets) {
      const folder = await prepareRoot(assets);
      return { spawnWorker: () => spawnWorker(folder) };
    },
    async submit(select = "*") {
      const { run } = await project.submitRun({ select, force: true, requestedBy: "test" });
      return run.id;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function writeProject(root: string, { store, assets, config = "" }: WorldOptions): Promise<void> {
  const write = (path: string, text: string): Promise<void> => writeFile(join(root, path), text);
  await mkdir(join(root, "assets"));
  await symlink(installed, join(root, "node_modules"));
  await write("package.json", JSON.stringify({ name: "world", type: "module" }));
  await write("watersmeet.config.ts", `export default { store: ${JSON.stringify(store)}, ${config} };\n`);
  await write("assets/assets.ts", assets);
}

async function removeAll(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function endAll(processes: readonly ChildProcess[]): Promise<void> {
  for (const child of processes) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}
