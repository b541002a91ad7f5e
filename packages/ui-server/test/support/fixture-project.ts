import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";

/** A copy of a fixture, with a database of its own: tests may edit and run it. */
export interface FixtureProject extends AsyncDisposable {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

const packageRoot = fileURLToPath(new URL("../../", import.meta.url));

/** `shop`: sources, queries and plain assets, partitioned. `registries`: a merge of two feeds that are read file by file. */
export async function createFixtureProject(fixture: "shop" | "registries"): Promise<FixtureProject> {
  const directory = await createProjectFolder();
  await cp(join(packageRoot, "test/fixtures", fixture), directory, { recursive: true });
  const database = await createTestDatabase();
  return {
    directory,
    env: { DATABASE_URL: database.url },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** An empty folder whose files can import the workspace's packages. */
export async function createProjectFolder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "watersmeet-ui-"));
  await symlink(join(packageRoot, "node_modules"), join(directory, "node_modules"));
  return directory;
}
