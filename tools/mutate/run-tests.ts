import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** What came of a run of some test files. `broken`: something failed that is no test, such as a file that cannot be loaded. */
export type TestRun =
  | { readonly kind: "green" }
  | { readonly kind: "red"; readonly title: string }
  | { readonly kind: "broken"; readonly why: string };

const longestMs = 10 * 60_000;

/** What is read of the report of vitest's reporter `json`. */
interface Report {
  readonly testResults: readonly {
    readonly message?: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** Runs test files of a folder up to the first failure. Aborting ends them with all that they started. */
export async function runTests(
  folder: string,
  tests: readonly string[],
  { databaseUrl, signal }: { readonly databaseUrl: string; readonly signal: AbortSignal },
): Promise<TestRun> {
  const report = join(folder, "mutation-report.json");
  await rm(report, { force: true });
  const vitest = join(folder, "node_modules/vitest/vitest.mjs");
  // A group of its own, so that a run that hangs can be ended with its workers.
  const child = spawn(
    process.execPath,
    [vitest, "run", "--bail=1", "--reporter=json", `--outputFile=${report}`, ...tests],
    { cwd: folder, stdio: "ignore", detached: true, env: { ...process.env, DATABASE_URL: databaseUrl } },
  );
  const ended = new Promise<number | null>((done) => child.once("exit", done));
  const limit = new AbortController();
  const end = () => endGroup(child.pid);
  signal.addEventListener("abort", end, { once: true });
  const exitCode = await Promise.race([ended, delay(longestMs, "late" as const, { signal: limit.signal })]);
  limit.abort();
  signal.removeEventListener("abort", end);
  if (exitCode === "late") {
    end();
    await ended;
    return { kind: "broken", why: `the tests did not end within ${longestMs / 60_000} minutes` };
  }
  return exitCode === 0 ? { kind: "green" } : await readFailure(report);
}

async function readFailure(path: string): Promise<TestRun> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return { kind: "broken", why: "the tests gave no report" };
  const { testResults }: Report = JSON.parse(text);
  const failed = testResults.flatMap((file) => file.assertionResults).find((one) => one.status === "failed");
  if (failed !== undefined) return { kind: "red", title: failed.title };
  const [why = "nothing ran"] = testResults.flatMap(({ message = "" }) => (message === "" ? [] : [message]));
  return { kind: "broken", why: why.split("\n")[0] ?? why };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
}
