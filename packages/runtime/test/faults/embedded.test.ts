import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEmbeddedPostgres } from "../../src/ledger/embedded/embedded-postgres.ts";

/* Row 40 of docs/reference/faults.md. */
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "watersmeet-embedded-fault-"));
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a cluster of another major version is refused with what it is", async () => {
  await (await openEmbeddedPostgres(folder))[Symbol.asyncDispose]();
  await writeFile(join(folder, "data", "PG_VERSION"), "13\n");
  await expect(openEmbeddedPostgres(folder)).rejects.toMatchObject({
    code: "LEDGER_EMBEDDED_FAILED",
    message: expect.stringContaining("PostgreSQL version 13"),
    hint: expect.stringContaining("DATABASE_URL"),
  });
});

test.skipIf(process.getuid?.() !== 0)("a folder that may not be written is refused with its name", async () => {
  const directory = join(folder, "owned-by-root");
  await mkdir(directory);
  const main = fileURLToPath(new URL("../ledger/embedded-main.ts", import.meta.url));
  const options = { uid: 65_534, gid: 65_534, env: { PATH: process.env["PATH"] } };
  const child = spawn(process.execPath, [main, directory], { ...options, stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout.on("data", (text: Buffer) => (said += text.toString()));
  const [exitCode] = await once(child, "close");
  expect(exitCode).not.toBe(0);
  expect(said).toContain(`${directory} cannot be written`);
});
