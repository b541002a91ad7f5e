import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { StepOutcome } from "../step.ts";

/*
 * Folders of rows that `ctx.checkpoint(cursor)` has kept, one for each piece of work, by commit id: whichever process of this project on this host makes the
 * next attempt finds it.
 */
const folderName = "checkpoints";

/** What nobody has come back to for so long is removed; the step then begins from the start. */
const keptMs = 14 * 86_400_000;

export function nameSaved(stateDirectory: string, commitId: string): string {
  return join(stateDirectory, folderName, commitId);
}

/** After an attempt: what is committed is not needed any more, and rows that a gate refused must not come back with the next attempt. */
export async function forgetSaved(directory: string, outcome: StepOutcome): Promise<void> {
  const isOver =
    outcome.kind === "committed" ||
    outcome.kind === "blocked" ||
    (outcome.kind === "failed" && outcome.failure.class === "data");
  if (isOver) await rm(directory, { recursive: true, force: true });
}

export async function sweepSaved(stateDirectory: string, nowMs: number): Promise<void> {
  const folder = join(stateDirectory, folderName);
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const stats = await stat(path).catch(() => null);
    if (stats !== null && nowMs - stats.mtimeMs > keptMs) await rm(path, { recursive: true, force: true });
  }
}
