import { cp, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const fixture = fileURLToPath(new URL("./fixtures/shop", import.meta.url));
const installed = fileURLToPath(new URL("../../node_modules", import.meta.url));

export interface TestProject extends AsyncDisposable {
  readonly root: string;
  readonly stateDirectory: string;
}

/** A copy of the fixture project that a test may edit, with the workspace's packages installed. */
export async function copyShop(): Promise<TestProject> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "watersmeet-shop-")));
  await cp(fixture, root, { recursive: true });
  await symlink(installed, join(root, "node_modules"));
  return {
    root,
    stateDirectory: join(root, ".watersmeet"),
    async [Symbol.asyncDispose]() {
      await rm(root, { recursive: true, force: true });
    },
  };
}
