import { chmod, cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** A copy of the repository as it stands, in a temporary folder, with the installed packages of the original. */
export interface RepositoryCopy extends AsyncDisposable {
  readonly path: string;
  /** Does something while one text of a file is replaced. @throws when the file does not have the text exactly once */
  whileReplaced<T>(
    edit: { readonly file: string; readonly find: string; readonly replace: string },
    work: () => Promise<T>,
  ): Promise<T>;
}

export async function copyRepository(): Promise<RepositoryCopy> {
  const path = await mkdtemp(join(tmpdir(), "watersmeet-mutants-"));
  // As root, PostgreSQL runs as another user, who must reach its binaries.
  await chmod(path, 0o755);
  await cp(root, path, { recursive: true, verbatimSymlinks: true, filter: (source) => isCopied(source) });
  await symlink(join(root, "node_modules"), join(path, "node_modules"));
  return {
    path,
    async whileReplaced({ file, find, replace }, work) {
      const place = join(path, file);
      const sound = await readFile(place, "utf8");
      if (sound.split(find).length !== 2) throw new Error(`${file} does not have this text once: ${find}`);
      await writeFile(
        place,
        sound.replace(find, () => replace),
      );
      try {
        return await work();
      } finally {
        await writeFile(place, sound);
      }
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  };
}

/** Not what was installed for the whole of it, built, or written by a project that ran. Packages keep their links to each other. */
function isCopied(source: string): boolean {
  const inside = source.slice(root.length + 1);
  return inside !== "node_modules" && !/(^|\/)([.]git|[.]watersmeet|dist|web-dist)$/.test(inside);
}
