import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** A process of Watersmeet's that nobody uses any more. */
export interface Orphan {
  readonly kind: "child" | "database";
  readonly pid: number;
  /** Project's root, or the folder of the cluster. */
  readonly folder: string;
  /** Clock ticks since the machine started: with the pid it names one process for ever. */
  readonly startTicks: string;
}

interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  readonly startTicks: string;
  readonly argv: readonly string[];
  readonly uid: number;
}

/** Processes of this user (of anybody, for root) that belong to no project any more. Linux only: elsewhere there is no list to read. */
export function findOrphans(): readonly Orphan[] {
  const orphans: Orphan[] = [];
  for (const facts of listProcesses()) {
    const orphan = findOrphanedChild(facts) ?? findOrphanedDatabase(facts);
    if (orphan !== null) orphans.push(orphan);
  }
  return orphans;
}

/** Whether the pid still names the process that was found. */
export function isStillThere({ pid, startTicks }: Orphan): boolean {
  return readProcess(pid)?.startTicks === startTicks;
}

/** A child of ours whose parent is not one of Node's any more: it was left to whoever takes in orphans. */
function findOrphanedChild({ pid, parentPid, argv, startTicks }: ProcessFacts): Orphan | null {
  const isChild = argv.some((word) => /[\\/]runtime[\\/](src|dist)[\\/]child[\\/]child-main\.[jt]s$/.test(word));
  if (!isChild) return null;
  const parent = readProcess(parentPid);
  const hasParent = parent !== null && parentPid !== 1 && /(^|\/)node(\.exe)?$/.test(parent.argv[0] ?? "");
  return hasParent ? null : { kind: "child", pid, startTicks, folder: readFolder(pid) };
}

/**
 * An embedded server whose project is gone: the folder of its cluster, or, when the cluster lies outside of the project because the server's account cannot reach
 * that, the folder that its `project` file names. Any other PostgreSQL of the machine has no `watersmeet.password` in its cluster and no project in its path.
 */
function findOrphanedDatabase({ pid, argv, startTicks }: ProcessFacts): Orphan | null {
  const [program = "", ...flags] = argv;
  const folder = flags[flags.indexOf("-D") + 1];
  if (!/(^|\/)postgres$/.test(program) || !flags.includes("-D") || folder === undefined) return null;
  if (!/\/\.watersmeet\/postgres\/data$|^\/var\/lib\/watersmeet\/project-[0-9a-f]+\/data$/.test(folder)) return null;
  return hasProject(folder) ? null : { kind: "database", pid, startTicks, folder };
}

function hasProject(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const note = `${dirname(folder)}/project`;
  return !existsSync(note) || existsSync(readFileSync(note, "utf8"));
}

function listProcesses(): readonly ProcessFacts[] {
  if (process.platform !== "linux") return [];
  const own = process.getuid?.() ?? 0;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? [])
    .filter(({ uid }) => own === 0 || uid === own);
}

/** `null` when it has ended, or is not to be looked at. */
function readProcess(pid: number): ProcessFacts | null {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8")
      .split("\0")
      .filter((word) => word !== "");
    // `pid (name) state parent …`; a name may contain anything, so it is read from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const { uid } = statSync(`/proc/${pid}`);
    return { pid, parentPid: Number(fields[1]), startTicks: fields[19] ?? "", argv, uid };
  } catch {
    return null;
  }
}

function readFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
