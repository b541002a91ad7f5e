import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { promisify } from "node:util";

const root = resolve(import.meta.dirname, "../..");
const packages = ["core", "runtime", "ui-server"];

/** No part of what is built or packed. */
const leftOut = /^packages\/[^/]+\/(dist|web-dist|test|bench|node_modules\/[.](cache|vite))$|[.]tsbuildinfo$/;

/**
 * Packs the packages as they are published, into a folder; resolves to the tarballs' paths, in order of dependence. They are built in a
 * copy of the workspace, so that what else goes on in the work tree sees no `dist`, and nothing stays behind.
 */
export async function packPackages(folder: string): Promise<readonly string[]> {
  const copy = await mkdtemp(join(tmpdir(), "watersmeet-pack-"));
  try {
    await copyWorkspace(copy);
    const run = promisify(execFile);
    await run(process.execPath, ["tools/pack/build.ts"], { cwd: copy });
    await mkdir(folder, { recursive: true });
    // pnpm, and not npm, puts versions in place of `catalog:` and `workspace:`, and the doors of publishConfig in place of the sources.
    const filter = packages.map((name) => `--filter=@watersmeet/${name}`);
    await run("npx", ["-y", "pnpm@12", ...filter, "pack", "--pack-destination", resolve(folder)], { cwd: copy });
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
  const tarballs = (await readdir(folder)).filter((file) => file.endsWith(".tgz"));
  return packages.map((name) => {
    const found = tarballs.filter((file) => file.startsWith(`watersmeet-${name}-`));
    if (found[0] === undefined || found.length > 1) {
      throw new Error(`${folder} holds ${found.length} tarballs of @watersmeet/${name}; one was to be made`);
    }
    return resolve(folder, found[0]);
  });
}

/** Links between packages are relative: in the copy they lead to the copy. */
async function copyWorkspace(copy: string): Promise<void> {
  const names = await readdir(root);
  const settings = names.filter((name) => /^(package[.]json|pnpm-.*[.]yaml|tsconfig.*[.]json|LICENSE)$/.test(name));
  for (const path of [...settings, "tools/pack/build.ts", ...packages.map((name) => `packages/${name}`)]) {
    await cp(join(root, path), join(copy, path), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !leftOut.test(relative(root, source).split(sep).join("/")),
    });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
}

if (import.meta.main) {
  const tarballs = await packPackages(process.argv[2] ?? "tarballs");
  process.stdout.write(`${tarballs.join("\n")}\n`);
}
