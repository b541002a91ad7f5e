import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Peer } from "./peer.ts";

const run = promisify(execFile);
const version = "1.13.29";

/** Dagster in a virtual environment of its own, or why it cannot be had here. */
export async function openDagster(): Promise<Peer | { readonly reason: string }> {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-peer-dagster-"));
  const python = join(folder, "bin/python");
  try {
    await run("python3", ["-m", "venv", folder], { timeout: 120_000 });
    await run(python, ["-m", "pip", "install", "--quiet", `dagster==${version}`], { timeout: 600_000 });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return { reason: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  }
  const graphs = async (shape: string, size: number, timeoutMs: number): Promise<readonly number[]> => {
    const script = join(import.meta.dirname, "dagster_graphs.py");
    const { stdout } = await run(python, [script, shape, String(size)], {
      cwd: folder,
      timeout: timeoutMs,
      maxBuffer: 1 << 28,
    });
    const seconds: readonly number[] = JSON.parse(stdout.trim().split("\n").at(-1) ?? "[]");
    return seconds;
  };
  return {
    name: `Dagster ${version}`,
    layered: async (steps, timeoutMs) => (await graphs("layered", steps, timeoutMs))[0] ?? Number.NaN,
    backfill: async (partitions, timeoutMs) => (await graphs("backfill", partitions, timeoutMs))[0] ?? Number.NaN,
    async cold() {
      const startedAt = performance.now();
      const module = join(import.meta.dirname, "dagster_one.py");
      await run(join(folder, "bin/dagster"), ["asset", "materialize", "--select", "a0", "-f", module], { cwd: folder });
      return (performance.now() - startedAt) / 1_000;
    },
    warm: (repeats) => graphs("warm", repeats, 120_000),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
