import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { examineProcesses, stopOrphans } from "../../src/doctor/environment/examine-processes.ts";
import { findOrphans, isStillThere, type Orphan } from "../../src/doctor/environment/processes.ts";

/*
 * Processes that look like ours: what is ours is told by the path of what they run. They sleep, and end by themselves if a test fails.
 */
let folder: string;
const started: number[] = [];
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "watersmeet-doctor-")));
});
afterEach(async () => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended, as it should.
    }
  }
  await rm(folder, { recursive: true, force: true });
});

const sleeping = "setTimeout(() => {}, 60_000)";

/** A child of ours that a shell starts and leaves. */
async function startChild(isOrphan: boolean): Promise<number> {
  const home = join(folder, "runtime", "src", "child");
  await mkdir(home, { recursive: true });
  const main = join(home, "child-main.js");
  await writeFile(main, sleeping);
  const ended = isOrphan ? "" : "; wait";
  const shell = spawn(
    isOrphan ? "sh" : process.execPath,
    isOrphan ? ["-c", `"${process.execPath}" "${main}" >/dev/null 2>&1 & echo $!${ended}`] : [main],
    {
      stdio: ["ignore", isOrphan ? "pipe" : "ignore", "ignore"],
    },
  );
  if (!isOrphan) return (started.push(shell.pid ?? 0), shell.pid ?? 0);
  const [line] = await once(shell.stdout ?? shell, "data");
  started.push(Number(String(line)));
  await once(shell, "exit");
  return Number(String(line));
}

/** What runs like the embedded server of a project. */
function startDatabase(dataDirectory: string): number {
  const child = spawn(process.execPath, ["-e", sleeping, "--", "-D", dataDirectory], {
    argv0: "/opt/postgres",
    stdio: "ignore",
  });
  started.push(child.pid ?? 0);
  return child.pid ?? 0;
}

function ours(orphans: readonly Orphan[]): readonly Orphan[] {
  return orphans.filter(({ pid }) => started.includes(pid));
}

test.skipIf(process.platform !== "linux")(
  "a child whose parent is gone is found and stopped; one whose parent lives is left alone",
  async () => {
    const [orphan, child] = [await startChild(true), await startChild(false)];
    await expect.poll(() => ours(findOrphans()).map(({ pid }) => pid)).toEqual([orphan]);
    const found = ours(findOrphans());
    expect(examineProcesses(found)).toMatchObject([{ status: "warn", hint: expect.stringContaining("--repair") }]);
    expect(await stopOrphans(found)).toMatchObject([
      { kind: "children", message: expect.stringContaining("was stopped") },
    ]);
    expect(found.some(isStillThere)).toBe(false);
    expect(() => process.kill(child, 0)).not.toThrow();
  },
);

test.skipIf(process.platform !== "linux")(
  "an embedded database whose project is gone is found and stopped; that of a project that is there is not",
  async () => {
    const there = join(folder, "shop", ".watersmeet", "postgres", "data");
    await mkdir(there, { recursive: true });
    const gone = startDatabase(join(folder, "gone", ".watersmeet", "postgres", "data"));
    startDatabase(there);
    startDatabase(join(folder, "somebody-elses", "data"));
    await expect.poll(() => ours(findOrphans()).map(({ pid }) => pid)).toEqual([gone]);
    expect(await stopOrphans(ours(findOrphans()))).toMatchObject([{ kind: "databases" }]);
    expect(ours(findOrphans())).toEqual([]);
  },
);

test("a pid that has become another process is left alone", async () => {
  const orphan: Orphan = { kind: "child", pid: process.pid, folder: "", startTicks: "1" };
  expect(await stopOrphans([orphan])).toEqual([]);
});
