import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Texts of a project's files, by path. */
export type ProjectFiles = Readonly<Record<string, string>>;

export interface TemporaryProject extends Disposable {
  readonly root: string;
  write(files: ProjectFiles): void;
  remove(path: string): void;
}

/** A project in a temporary folder, gone when disposed. */
export function createProject(files: ProjectFiles): TemporaryProject {
  const root = mkdtempSync(join(tmpdir(), "watersmeet-analyze-"));
  const write = (texts: ProjectFiles): void => {
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  };
  write(files);
  return {
    root,
    write,
    remove: (path) => rmSync(join(root, path)),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
