import { readdirSync, readFileSync, realpathSync, statSync, type Dirent, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compareStrings, fingerprint } from "@watersmeet/core/values";

/** Of this package: it stands two folders above, in `src` as in `dist`. */
const ownDirectory = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

const lockfiles = ["pnpm-lock.yaml", "package-lock.json", "yarn.lock", "bun.lock"];

/**
 * Names the packages that a project's code and we ourselves run on. An installed package counts by its version; one that is linked from
 * outside of node_modules, as in a monorepo, by its files, since their version seldom moves with them.
 *
 * Reads synchronously: hundreds of small questions to the file system, which together take a few milliseconds.
 */
export function fingerprintPackages(root: string): string {
  const facts: string[] = [];
  const seen = new Set<string>();
  const owner = findUpwards(root, "package.json");
  if (owner !== null) addDependencies(dirname(owner), { facts, seen, isRoot: true });
  for (const name of lockfiles) {
    const path = findUpwards(root, name);
    if (path !== null) facts.push(describeFile(path));
  }
  addPackage(realpathSync(ownDirectory), { facts, seen, isRoot: false });
  return fingerprint(facts);
}

interface Walk {
  readonly facts: string[];
  /** Folders of packages that were visited. */
  readonly seen: Set<string>;
  /** Whether what a package is developed with counts: for the project itself. */
  readonly isRoot: boolean;
}

interface PackageFile {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function addPackage(directory: string, walk: Walk): void {
  if (walk.seen.has(directory)) return;
  walk.seen.add(directory);
  if (/[\\/]node_modules[\\/]/.test(directory)) {
    const { name, version } = readPackageFile(directory);
    walk.facts.push(`${name ?? directory}@${version ?? ""}`);
    return;
  }
  addFiles(directory, walk.facts);
  addDependencies(directory, { ...walk, isRoot: false });
}

function addDependencies(directory: string, walk: Walk): void {
  const file = readPackageFile(directory);
  walk.facts.push(describeFile(join(directory, "package.json")));
  const names = Object.keys({
    ...file.dependencies,
    ...file.optionalDependencies,
    ...file.peerDependencies,
    ...(walk.isRoot ? file.devDependencies : {}),
  });
  for (const name of names.sort(compareStrings)) {
    const found = findUpwards(directory, join("node_modules", name));
    if (found === null) walk.facts.push(`${name} is not installed`);
    else addPackage(realpathSync(found), walk);
  }
}

function addFiles(directory: string, facts: string[]): void {
  for (const entry of listEntries(directory)) {
    if (entry.name === "node_modules" || entry.name.startsWith(".")) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) addFiles(path, facts);
    else if (/[.](?:[cm]?[jt]sx?|json)$/.test(entry.name)) facts.push(describeFile(path));
  }
}

function listEntries(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => compareStrings(a.name, b.name));
  } catch {
    return [];
  }
}

function findUpwards(directory: string, name: string): string | null {
  const path = join(directory, name);
  if (findStats(path) !== undefined) return path;
  const parent = dirname(directory);
  return parent === directory ? null : findUpwards(parent, name);
}

function describeFile(path: string): string {
  const stats = findStats(path);
  return `${path} ${stats?.size ?? 0} ${stats?.mtimeMs ?? 0}`;
}

/** What may not be looked at counts as absent: user code cannot import it either. */
function findStats(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** A package file that cannot be read says nothing; whoever imports the package will say it. */
function readPackageFile(directory: string): PackageFile {
  try {
    const file: PackageFile = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    return file;
  } catch {
    return {};
  }
}
