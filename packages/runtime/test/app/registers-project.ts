import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Row } from "@watersmeet/core/schema";
import { parseAssetKey, type AssetKey } from "@watersmeet/core/values";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { openWatersmeet } from "../../src/app/open-watersmeet.ts";
import type { RunRequest, Watersmeet } from "../../src/app/watersmeet.ts";
import type { RunRecord } from "../../src/ledger/records.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { cloneLedgerDatabase } from "../ledger/test-ledger.ts";

const fixture = fileURLToPath(new URL("./fixtures/registers", import.meta.url));
const installed = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** A row of one of the registers. */
export interface Change {
  readonly code: string;
  readonly name?: string;
  readonly city?: string;
  readonly runways?: number;
  readonly does?: "upsert" | "delete" | "retract";
  readonly at: string;
}

/** The project of the registers, on a ledger and a store of its own, with a worker in this process. */
export interface Registers extends AsyncDisposable {
  readonly root: string;
  readonly project: Watersmeet;
  readonly ledgerUrl: string;
  /** Of a store in Postgres. */
  readonly storeUrl: string | null;
  /** Puts the next files into the inbox, and runs everything. */
  deliver(files: { readonly authority?: readonly Change[]; readonly airline?: readonly Change[] }): Promise<RunRecord>;
  setLimits(...least: readonly number[]): Promise<void>;
  /** Runs, and waits for the end. */
  run(request: Omit<RunRequest, "requestedBy">): Promise<RunRecord>;
  /** Waits for the end of a run. */
  follow(run: RunRecord | null): Promise<RunRecord>;
  /** Rows that readers see, one line each, sorted: see `renderRow`. */
  rows(asset: string): Promise<readonly string[]>;
  /** Closes the project and opens it another time, on the same store, and on the same ledger if no other one is given. */
  reopen(ledgerUrl?: string): Promise<Watersmeet>;
}

export const airports = parseAssetKey("airports");

export async function openRegisters(engine: "duckdb" | "postgres" = "duckdb"): Promise<Registers> {
  await using stack = new AsyncDisposableStack();
  const root = await realpath(await mkdtemp(join(tmpdir(), "watersmeet-registers-")));
  stack.defer(() => rm(root, { recursive: true, force: true }));
  const ledger = stack.use(await cloneLedgerDatabase());
  const store =
    engine === "duckdb"
      ? { kind: "duckdb", path: ".watersmeet/registers.duckdb", url: undefined }
      : { kind: "postgres", url: stack.use(await createTestDatabase()).url, schema: "public" };
  await cp(fixture, root, { recursive: true });
  await symlink(installed, join(root, "node_modules"));
  await mkdir(join(root, "inbox"));
  const config = { stores: { default: store }, resources: { inbox: { concurrency: 2 } } };
  await writeFile(join(root, "watersmeet.config.ts"), `export default ${JSON.stringify(config)};\n`);
  await writeFile(join(root, "package.json"), '{ "type": "module", "private": true }\n');
  await writeFile(join(root, "inbox", "limits.json"), '[{ "least": 1 }]');
  const open = async (url = ledger.url): Promise<Watersmeet> => {
    const env = { ...process.env, DATABASE_URL: url, WATERSMEET_SHADOW: "all" };
    const project = await openWatersmeet({ directory: root, env, logger: silentLogger });
    await project.startWorker();
    return project;
  };
  let project = await open();
  stack.defer(() => project[Symbol.asyncDispose]());
  const counts = { authority: 0, airline: 0 };
  const follow = async (run: RunRecord | null): Promise<RunRecord> => {
    if (run === null) throw new Error("there is no run to follow");
    let last = run;
    for await (const record of project.followRun(run.id)) last = record;
    return last;
  };
  const run: Registers["run"] = async (request) =>
    follow((await project.submitRun({ ...request, requestedBy: "test" })).run);
  const owned = stack.move();
  return {
    root,
    ledgerUrl: ledger.url,
    storeUrl: store.url ?? null,
    get project() {
      return project;
    },
    follow,
    run,
    async deliver(files) {
      for (const register of ["authority", "airline"] as const) {
        const rows = files[register];
        if (rows === undefined) continue;
        counts[register] += 1;
        await writeFile(join(root, "inbox", `${register}-${counts[register]}.json`), JSON.stringify(rows));
        await run({ select: register, force: true });
      }
      return run({ select: "airports+" });
    },
    async setLimits(...least) {
      await writeFile(join(root, "inbox", "limits.json"), JSON.stringify(least.map((each) => ({ least: each }))));
    },
    async rows(asset) {
      const rows = await project.readRows(key(asset), { limit: 1000 });
      return rows.map(renderRow).toSorted();
    },
    async reopen(ledgerUrl) {
      await project[Symbol.asyncDispose]();
      project = await open(ledgerUrl);
      return project;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** `code=TXL city=Berlin`. */
export function renderRow(row: Row): string {
  return Object.entries(row)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

export function key(asset: string): AssetKey {
  return parseAssetKey(asset);
}
