import { copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findBinaries } from "../../src/ledger/embedded/binaries.ts";
import { initialiseCluster } from "../../src/ledger/embedded/initialise-cluster.ts";

test("where the install script was refused, the error says how to run it, and nothing is left behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-initdb-"));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  const bin = join(folder, "bin");
  await mkdir(bin);
  // Away from its libraries, as it is before the script has made their links.
  const initdb = join(bin, "initdb");
  await copyFile(findBinaries(null).initdb, initdb);
  const made = initialiseCluster({ initdb, postgres: join(bin, "postgres") }, join(folder, "data"), null);
  await expect(made).rejects.toMatchObject({
    code: "LEDGER_EMBEDDED_FAILED",
    hint: expect.stringContaining("npm rebuild, or pnpm approve-builds"),
  });
  expect(await readdir(folder)).toEqual(["bin"]);
});
