import { relative, sep } from "node:path";
import { watch } from "chokidar";

/** Editors write a file in several steps. */
const settleMs = 60;

const ignoredFolders = /(^|\/)(node_modules|\.watersmeet|\.git|dist)(\/|$)/;
const watchedFiles = /\.(ts|mts|cts|js|mjs|cjs|json|sql)$/;

/**
 * Calls `onChange` after files of the project changed, never twice at once: what changes meanwhile makes one more call.
 * Resolves when the first look at the tree is done, so that no later change is missed.
 */
export async function watchProject(root: string, onChange: () => Promise<void>): Promise<AsyncDisposable> {
  const watcher = watch(root, {
    ignoreInitial: true,
    ignored: (path, stats) => {
      const inside = relative(root, path).split(sep).join("/");
      return ignoredFolders.test(inside) || (stats?.isFile() === true && !watchedFiles.test(inside));
    },
  });
  const schedule = createSchedule(onChange);
  watcher.on("all", schedule.request);
  await new Promise<void>((resolve, reject) => {
    watcher.once("ready", resolve);
    watcher.once("error", reject);
  });
  return {
    async [Symbol.asyncDispose]() {
      await watcher.close();
      await schedule.stop();
    },
  };
}

interface Schedule {
  readonly request: () => void;
  /** Waits for a call under way. */
  readonly stop: () => Promise<void>;
}

/** idle → settling (a change; each further one starts it anew) → working → settling again if something changed meanwhile, else idle. */
function createSchedule(work: () => Promise<void>): Schedule {
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;
  let isRequested = false;
  let isStopped = false;
  const begin = (): void => {
    isRequested = false;
    working = work().finally(() => {
      working = undefined;
      if (isRequested) request();
    });
  };
  const request = (): void => {
    if (isStopped) return;
    isRequested = true;
    if (working !== undefined) return;
    clearTimeout(timer);
    timer = setTimeout(begin, settleMs);
  };
  return {
    request,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await working;
    },
  };
}
