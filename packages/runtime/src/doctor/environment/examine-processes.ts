import { setTimeout as sleep } from "node:timers/promises";
import type { Repair } from "../repair/repair-ledger.ts";
import { ok, warn, type Finding } from "./finding.ts";
import { findOrphans, isStillThere, type Orphan } from "./processes.ts";

/** Children and embedded databases that are left of projects and processes that are gone. */
export function examineProcesses(orphans: readonly Orphan[] = findOrphans()): readonly Finding[] {
  if (orphans.length === 0) return [ok("processes", "no process is left behind")];
  return orphans.map((orphan) =>
    warn("processes", `${describe(orphan)} is left behind`, "`watersmeet doctor --repair` stops it."),
  );
}

/** Ends them: a child at once, a database as PostgreSQL is shut down. What has ended or has become another process meanwhile is left alone. */
export async function stopOrphans(orphans: readonly Orphan[] = findOrphans()): Promise<readonly Repair[]> {
  const repairs: Repair[] = [];
  for (const orphan of orphans) {
    if (!isStillThere(orphan)) continue;
    process.kill(orphan.pid, orphan.kind === "child" ? "SIGKILL" : "SIGINT");
    for (let tries = 0; tries < 100 && isStillThere(orphan); tries++) await sleep(50);
    const kind = orphan.kind === "child" ? "children" : "databases";
    const state = isStillThere(orphan) ? "was asked to stop and has not yet" : "was stopped";
    repairs.push({ kind, message: `${describe(orphan)} ${state}` });
  }
  return repairs;
}

function describe({ kind, pid, folder }: Orphan): string {
  return kind === "child"
    ? `child ${pid}${folder === "" ? "" : ` of ${folder}`}`
    : `the embedded database ${pid} of ${folder}`;
}
