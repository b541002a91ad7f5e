import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { fail, ok, warn, type Finding } from "./finding.ts";

/** Below this a run of some size will not end. */
const warnFreeBytes = 2 * 1024 ** 3;
/** Below this hardly anything can be written. */
const failFreeBytes = 100 * 1024 ** 2;

/** Magic numbers of file systems that other hosts see as well (statfs(2)). Locks on them are not what DuckDB needs. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff_53_4d_42, "CIFS"],
  [0xfe_53_4d_42, "SMB2"],
  [0x51_7b, "SMB"],
  [0x00_c3_64_00, "Ceph"],
  [0x01_02_19_97, "9P"],
  [0x5346_414f, "AFS"],
  [0x0b_d0_0b_d0, "Lustre"],
  [0x47_50_46_53, "GPFS"],
]);

/** Places to look at: what lies there, and where. */
export interface Place {
  readonly name: string;
  readonly path: string;
  /** Whether a DuckDB file lies there. */
  readonly isDatabaseFile: boolean;
}

/** Free space of every file system that the project writes to, and whether DuckDB's files lie on this machine. */
export async function examineFiles(places: readonly Place[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const place of places) {
    const facts = await statfs(findExisting(place.path));
    const freeBytes = facts.bavail * facts.bsize;
    const system = `${facts.type}/${facts.blocks}`;
    if (!seen.has(system)) findings.push(judgeSpace(place.path, freeBytes));
    seen.add(system);
    if (place.isDatabaseFile) findings.push(judgeFileSystem(place, facts.type));
  }
  return findings;
}

/** Pure. */
export function judgeSpace(path: string, freeBytes: number): Finding {
  const message = `${formatGb(freeBytes)} free at ${path}`;
  const hint =
    "Make room: a full disk stops steps and the embedded database. `watersmeet gc` removes old versions of merges.";
  if (freeBytes < failFreeBytes) return fail("disk", message, hint);
  return freeBytes < warnFreeBytes ? warn("disk", message, hint) : ok("disk", message);
}

/** Pure. `type` is the magic number of statfs(2); what is not known counts as local. */
export function judgeFileSystem({ name, path }: Pick<Place, "name" | "path">, type: number): Finding {
  const network = networkFileSystems.get(type);
  if (network === undefined) return ok("files", `${name}: ${path} lies on this machine`);
  return fail(
    "files",
    `${name}: ${path} lies on ${network}, whose locks do not keep a second process out`,
    "A DuckDB file needs a local disk. Use a Postgres store for several hosts.",
  );
}

/** The nearest folder that is there. */
function findExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : findExisting(dirname(path));
}

function formatGb(bytes: number): string {
  return bytes < 1024 ** 3 ? `${Math.floor(bytes / 1024 ** 2)} MB` : `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}
