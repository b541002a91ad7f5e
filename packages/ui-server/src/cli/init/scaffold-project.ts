import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { WatersmeetError } from "@watersmeet/core/errors";

export interface Scaffold {
  /** Absolute. */
  readonly directory: string;
  /** Relative to it, with forward slashes, sorted. */
  readonly files: readonly string[];
}

/** The template lies beside `src` and `dist`. npm would leave a file named .gitignore out of the package. */
const templateFolder = fileURLToPath(new URL("../../../template/", import.meta.url));
const renamed: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

/** Writes a small project of three assets that runs. Overwrites nothing. @throws {TARGET_NOT_EMPTY} before anything is written */
export async function scaffoldProject(directory: string): Promise<Scaffold> {
  const files = renderTemplate(projectNameOf(directory));
  const taken = [...files.keys()].filter((file) => existsSync(join(directory, file)));
  if (taken.length > 0) {
    throw new WatersmeetError("TARGET_NOT_EMPTY", `${directory} has ${taken.join(", ")} already; nothing was written`, {
      hint: "Choose a new folder: watersmeet init my-project",
      details: { directory, files: taken },
    });
  }
  for (const [file, text] of files) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    // Made exclusively: what appeared since we looked is not overwritten either.
    await writeFile(join(directory, file), text, { flag: "wx" });
  }
  return { directory, files: [...files.keys()] };
}

function renderTemplate(name: string): ReadonlyMap<string, string> {
  const values: Readonly<Record<string, string>> = { PROJECT_NAME: name, ...readVersions() };
  const entries = readdirSync(templateFolder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const files = entries.map((entry): [string, string] => {
    const path = join(entry.parentPath, entry.name);
    const file = relative(templateFolder, path).split(sep).join("/");
    const text = readFileSync(path, "utf8").replace(
      /\b(PROJECT_NAME|[A-Z]+_VERSION)\b/g,
      (word) => values[word] ?? word,
    );
    return [renamed[file] ?? file, text];
  });
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The project gets the versions that this package itself was made with. */
function readVersions(): Readonly<Record<string, string>> {
  return {
    WATERSMEET_VERSION: readPackageVersion(new URL("../../../package.json", import.meta.url)),
    KYSELY_VERSION: `^${readPackageVersion(import.meta.resolve("kysely"))}`,
    ZOD_VERSION: `^${readPackageVersion(import.meta.resolve("zod"))}`,
  };
}

/** The version of the package that a file belongs to: from the nearest package.json upwards that has one. */
function readPackageVersion(url: string | URL): string {
  let folder = dirname(fileURLToPath(url));
  for (;;) {
    const path = join(folder, "package.json");
    const manifest: { readonly version?: string } = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
    if (manifest.version !== undefined) return manifest.version;
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package holds ${String(url)}`);
    folder = parent;
  }
}

/** A folder's name as a package's. */
function projectNameOf(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "");
  return name === "" ? "watersmeet-project" : name;
}
