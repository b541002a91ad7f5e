import { mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { CommitPhase } from "../commit/commit-context.ts";
import { PublishQueue } from "../commit/publish-queue.ts";
import type { MergeEngine } from "../merge-seam.ts";
import { DuckdbAssets } from "./duckdb-assets.ts";
import { DuckdbDatabase, type DuckdbOptions } from "./duckdb-database.ts";
import { DuckdbStore, type DuckdbShared } from "./duckdb-store.ts";
import { DuckdbPublisher } from "./publish.ts";
import { watchFile } from "./same-file.ts";
import { runAll } from "./stage-rows.ts";
import { StagingArea } from "./staging-area.ts";
import { Upkeep } from "./upkeep/upkeep.ts";

export interface OpenDuckdbOptions extends DuckdbOptions {
  readonly name: string;
  readonly merge: MergeEngine;
  readonly now: () => number;
  readonly onPhase: (phase: CommitPhase) => void | Promise<void>;
  /** How long after a commit the file's upkeep begins; `null`: only when it is asked for. @default 2,000 */
  readonly upkeepDelayMs?: number | null;
}

interface OpenFile {
  readonly shared: Promise<DuckdbShared>;
  holders: number;
}

/** Open files of this process by real path. The one piece of module state in this room: the limit that it keeps is the process's own. */
const openFiles = new Map<string, OpenFile>();

/**
 * Opens a file, or another handle of a file that this process has open: DuckDB itself would let a second instance in and lose commits.
 * The last handle that is disposed closes the file.
 * @throws {STORE_LOCKED} when another process owns the file @throws {STORE_CORRUPT}
 */
export async function openDuckdbStore(options: OpenDuckdbOptions): Promise<DuckdbStore> {
  const path = await findRealPath(options.path);
  const file = openFiles.get(path) ?? { shared: openShared({ ...options, path }), holders: 0 };
  openFiles.set(path, file);
  file.holders += 1;
  const leave = () => {
    file.holders -= 1;
    if (file.holders === 0) openFiles.delete(path);
    return file.holders === 0;
  };
  try {
    const shared = await file.shared;
    return new DuckdbStore(options.name, shared, async () => {
      // Between two transactions, so that none is cut off.
      await shared.queue.exclusive(async () => {
        if (!leave()) return;
        shared.upkeep.stop();
        shared.database.close();
      });
    });
  } catch (error) {
    leave();
    throw error;
  }
}

async function openShared(options: OpenDuckdbOptions): Promise<DuckdbShared> {
  const database = await DuckdbDatabase.open(options);
  const file = watchFile(options.path);
  const area = new StagingArea((sql) => runAll(database, [sql]));
  const { merge, now, onPhase, upkeepDelayMs = 2000 } = options;
  const publisher: DuckdbPublisher = new DuckdbPublisher({
    database,
    area,
    merge,
    now,
    onPhase,
    requireSameFile: () => file.requireSame(),
    onReopen: () => assets.clear(),
  });
  const queue = new PublishQueue(publisher);
  const assets = new DuckdbAssets(database, (work) => queue.exclusive(work));
  const upkeep = new Upkeep({ database, delayMs: upkeepDelayMs, exclusive: (work) => queue.exclusive(work) });
  return { database, assets, publisher, queue, merge, upkeep };
}

async function findRealPath(path: string): Promise<string> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const inRealFolder = join(await realpath(folder), basename(path));
  return await realpath(inRealFolder).catch(() => inRealFolder);
}
