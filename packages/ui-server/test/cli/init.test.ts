import { spawnSync } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/test-database.ts";
import { createProjectFolder } from "../support/fixture-project.ts";
import { runCli } from "../support/run-cli.ts";
import { runInProcess } from "../support/run-in-process.ts";

let directory: string;
let database: TestDatabase;

beforeAll(async () => {
  directory = await createProjectFolder();
  database = await createTestDatabase();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

test("init writes a project that check and run accept", async () => {
  const result = await runCli(["init", "--json"], { cwd: directory });
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  const { files } = z.object({ files: z.array(z.string()) }).parse(JSON.parse(result.stdout));
  expect(files).toEqual([
    ".gitignore",
    "README.md",
    "assets/means.ts",
    "assets/weather.ts",
    "lib/weather-service.ts",
    "package.json",
    "pnpm-workspace.yaml",
    "test/weather.test.ts",
    "tsconfig.json",
    "watersmeet.config.ts",
  ]);
  const options = { cwd: directory, env: { DATABASE_URL: database.url } };
  const check = await runInProcess(["check"], options);
  expect(check, check.stdout).toMatchObject({ exitCode: 0 });
  const run = await runInProcess(["run", "*"], options);
  expect(run, run.stdout + run.stderr).toMatchObject({ exitCode: 0 });
  expect(run.stdout).toMatch(/^dailyMeans +14 +28 /m);
});

test("the scaffold depends on the published names, in the versions that this package has", async () => {
  const manifest: unknown = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
  const own: { readonly version: string } = JSON.parse(
    await readFile(new URL("../../package.json", import.meta.url), "utf8"),
  );
  expect(manifest).toMatchObject({
    name: expect.stringMatching(/^watersmeet-ui-[a-z0-9]+$/),
    dependencies: {
      "@watersmeet/core": own.version,
      "@watersmeet/runtime": own.version,
      "@watersmeet/ui-server": own.version,
      kysely: expect.stringMatching(/^\^\d/),
      zod: expect.stringMatching(/^\^4/),
    },
  });
});

test("the scaffold's own test passes under node --test", () => {
  const { status, stdout } = spawnSync(process.execPath, ["--test"], { cwd: directory, encoding: "utf8" });
  expect(status, stdout).toBe(0);
});

test("init overwrites nothing, and writes nothing when something is in the way", async () => {
  const config = join(directory, "watersmeet.config.ts");
  await writeFile(config, "// mine\n");
  const result = await runCli(["init"], { cwd: directory });
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toContain("TARGET_NOT_EMPTY");
  expect(result.stderr).toContain("watersmeet.config.ts");
  expect(await readFile(config, "utf8")).toBe("// mine\n");
});

test("init makes the folder that it is given", async () => {
  const result = await runCli(["init", "deep/My Project!"], { cwd: directory });
  expect(result.exitCode).toBe(0);
  expect(await readdir(join(directory, "deep/My Project!"))).toContain("assets");
  expect(await readFile(join(directory, "deep/My Project!/package.json"), "utf8")).toContain('"name": "my-project"');
});
