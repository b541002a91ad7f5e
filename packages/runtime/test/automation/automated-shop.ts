import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { openWatersmeet } from "../../src/app/open-watersmeet.ts";
import { createProjectChildren } from "../../src/app/project/derive-project.ts";
import type { Watersmeet } from "../../src/app/watersmeet.ts";
import type { AutomationDeps } from "../../src/automation/automation-deps.ts";
import { lookAtConditions } from "../../src/automation/evaluate/look.ts";
import { createLookMemory } from "../../src/automation/look-memory.ts";
import { openLedger, type LedgerConnections } from "../../src/ledger/open-ledger.ts";
import { readSnapshot } from "../../src/ledger/read-snapshot.ts";
import type { RunRecord } from "../../src/ledger/records.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { cloneLedgerDatabase } from "../ledger/test-ledger.ts";

const fixture = fileURLToPath(new URL("./fixture", import.meta.url));
const installed = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** A shop's project on a ledger and a store of its own, whose clock the test sets. */
export interface AutomatedShop extends AsyncDisposable {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly project: Watersmeet;
  readonly ledger: LedgerConnections;
  readonly deps: AutomationDeps;
  /** ISO-8601. */
  setClock(now: string): void;
  /** Puts a file into the inbox that the sources read. */
  deliver(name: string, content?: unknown): Promise<void>;
  take(name: string): Promise<void>;
  /** Looks at conditions until nothing moves any more, and follows every run to its end. */
  settle(): Promise<void>;
  /** What was run by itself, oldest first: `revenue`, `sales@2024-01-01`. */
  runs(): Promise<readonly string[]>;
}

export async function openShop(): Promise<AutomatedShop> {
  await using stack = new AsyncDisposableStack();
  const root = await realpath(await mkdtemp(join(tmpdir(), "watersmeet-shop-")));
  stack.defer(() => rm(root, { recursive: true, force: true }));
  const database = stack.use(await cloneLedgerDatabase());
  const store = stack.use(await createTestDatabase());
  await cp(fixture, root, { recursive: true });
  await symlink(installed, join(root, "node_modules"));
  await mkdir(join(root, "inbox"));
  const config = { stores: { default: { kind: "postgres", url: store.url, schema: "public" } } };
  await writeFile(join(root, "watersmeet.config.ts"), `export default ${JSON.stringify(config)};\n`);
  await writeFile(join(root, "package.json"), '{ "type": "module", "private": true }\n');
  const env = { ...process.env, DATABASE_URL: database.url };
  const project = stack.use(await openWatersmeet({ directory: root, env, logger: silentLogger }));
  await project.startWorker();
  const ledger = stack.use(await openLedger(database.url, { schema: "require" }));
  let now = new Date("2024-01-10T12:00:00Z");
  const deps = createDeps({ project, ledger, now: () => now, env });
  stack.use(deps.children);
  const shop = {
    root,
    env,
    project,
    ledger,
    deps,
    setClock(next: string) {
      now = new Date(next);
    },
    async deliver(name: string, content: unknown = []) {
      await writeFile(join(root, "inbox", name), typeof content === "string" ? content : JSON.stringify(content));
    },
    take: (name: string) => rm(join(root, "inbox", name)),
    async settle() {
      for (let quiet = 0; quiet < 2;) {
        await followAll(project);
        quiet = (await lookAtConditions(deps)) ? quiet + 1 : 0;
      }
      await followAll(project);
    },
    async runs() {
      const { items } = await project.ledger.listRuns({}, { limit: 100 });
      return items
        .filter((run) => run.requestedBy.startsWith("automation:"))
        .map((run) => (run.partitions === null ? run.select : `${run.select}@${run.partitions}`))
        .reverse();
    },
  };
  const owned = stack.move();
  return { ...shop, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What an open project gives its evaluator, with another clock. */
export function createDeps(parts: {
  readonly project: Watersmeet;
  readonly ledger: LedgerConnections;
  readonly now: () => Date;
  readonly env: Readonly<Record<string, string | undefined>>;
}): AutomationDeps & { readonly children: AsyncDisposable } {
  const { project, ledger, now, env } = parts;
  return {
    db: ledger.db,
    environment: project.config.environment,
    project: () => project.project(),
    children: createProjectChildren(project.config, { size: 1, env }),
    readState: (_project, assets) => readSnapshot(ledger.pool, { environment: project.config.environment, assets }),
    async submit({ partitions, at, ...wish }) {
      const request = { ...wish, ...(partitions === null ? {} : { partitions }), ...(at === null ? {} : { at }) };
      return (await project.submitRun(request)).run.id;
    },
    now,
    memory: createLookMemory(),
    logger: silentLogger,
  };
}

async function followAll(project: Watersmeet): Promise<void> {
  const { items } = await project.ledger.listRuns({}, { limit: 100 });
  for (const run of items.filter(isOpen)) for await (const _ of project.followRun(run.id));
}

function isOpen({ state }: RunRecord): boolean {
  return state !== "succeeded" && state !== "failed" && state !== "cancelled";
}
