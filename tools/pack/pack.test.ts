import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packPackages } from "./pack-packages.ts";

const names = ["core", "runtime", "ui-server"];

/** A folder outside the workspace, with the three packages from tarballs; `project`, in another, is what `watersmeet init` made there. */
let stranger = "";
let project = "";
let tarballs: readonly string[] = [];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-stranger-"));
  stranger = join(folder, "empty");
  project = join(folder, "my-project");
  tarballs = await packPackages(join(folder, "tarballs"));
  await mkdir(stranger);
  await writeFile(join(stranger, "package.json"), `{ "private": true }\n`);
  await call("npm", ["install", ...frugal, ...tarballs], stranger);
  await call(command(stranger), ["init", project], stranger);
  await dependOnTarballs();
  await call("npm", ["install", ...frugal], project);
});

afterAll(async () => {
  if (stranger !== "") await rm(dirname(stranger), { recursive: true, force: true });
});

test("a tarball holds what its users need, and no sources", async () => {
  const listed = await Promise.all(names.map((name) => readdir(installed(name))));
  expect(listed.map((files) => files.sort())).toEqual([
    ["LICENSE", "dist", "package.json"],
    ["LICENSE", "dist", "package.json"],
    ["LICENSE", "bin", "dist", "package.json", "template", "web-dist"],
  ]);
  for (const name of names) {
    const files = await readdir(join(installed(name), "dist"), { recursive: true });
    expect(files).toContain("index.js");
    expect(files.filter((file) => /[.]test[.]|(?<![.]d)[.]ts$|[.]map$|[.]tsbuildinfo$|golden\//.test(file))).toEqual(
      [],
    );
  }
});

test("every door of a package opens under plain Node, and has its types", async () => {
  const doors: string[] = [];
  for (const name of names) {
    const { exports }: { readonly exports: Readonly<Record<string, { readonly types: string }>> } = JSON.parse(
      await readFile(join(installed(name), "package.json"), "utf8"),
    );
    for (const [door, { types }] of Object.entries(exports)) {
      expect(existsSync(join(installed(name), types)), types).toBe(true);
      doors.push(`@watersmeet/${name}${door.slice(1)}`);
    }
  }
  expect(doors).toContain("@watersmeet/core/testing");
  expect(doors).not.toContain("@watersmeet/core/arbitraries");
  const script = `for (const door of ${JSON.stringify(doors)}) if (Object.keys(await import(door)).length === 0) throw new Error(door);`;
  await call(process.execPath, ["--input-type=module", "--eval", script], stranger);
});

test("the scaffold type-checks, and its own test passes", async () => {
  await call(join(project, "node_modules/.bin/tsc"), [], project);
  expect(await call("npm", ["test"], project)).toMatch(/^ℹ pass 1$/m);
});

test("check, run and show work in the scaffold, without a server of one's own", async () => {
  expect(await call(command(project), ["check"], project)).toContain("No problems in 3 assets");
  const run = await call(command(project), ["run", "*"], project);
  expect(run).toMatch(/^dailyMeans +14 +28 /m);
  expect(existsSync(join(project, ".watersmeet/data.duckdb"))).toBe(true);
  const shown = await call(command(project), ["show", "dailyMeans", "--json"], project);
  expect(shown).toContain('"meanCelsius"');
  // Nothing is out of date, so the children, the queue and the store have all done and recorded their work.
  expect(await call(command(project), ["run", "*"], project)).toContain("Nothing to do");
});

test("dev serves the web app that was built into the package", async () => {
  const server = spawn(command(project), ["dev", "--port", "0"], { cwd: project, env: environment() });
  const ended = once(server, "exit");
  try {
    const url = await findUrl(server.stdout, server.stderr);
    const page = await (await fetch(url)).text();
    expect(page).toContain('<div id="root">');
    const script = /src="([^"]+[.]js)"/.exec(page)?.[1] ?? "no script in the page";
    const response = await fetch(new URL(script, url));
    expect(response.headers.get("content-type")).toContain("javascript");
    expect(await (await fetch(new URL("/api/v1/lineage/dailyMeans", url))).json()).toBeTypeOf("object");
  } finally {
    server.kill("SIGINT");
    await ended;
  }
});

test("pnpm installs the scaffold too, and lets the embedded PostgreSQL be put in place", async () => {
  const copy = join(dirname(project), "with-pnpm");
  await cp(project, copy, {
    recursive: true,
    filter: (source) => !/(node_modules|[.]watersmeet|package-lock[.]json)$/.test(source),
  });
  await writeFile(
    join(copy, "pnpm-workspace.yaml"),
    `${await readFile(join(copy, "pnpm-workspace.yaml"), "utf8")}${overrides()}`,
  );
  await call("npx", ["-y", "pnpm@12", "install", "--prefer-offline"], copy);
  expect(await call(command(copy), ["run", "stations"], copy)).toMatch(/^stations +1 +2 /m);
});

const frugal = ["--prefer-offline", "--no-audit", "--no-fund"];

/** The registry has no such version yet, or one from before this change. */
async function dependOnTarballs(): Promise<void> {
  const file = join(project, "package.json");
  const manifest: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
    await readFile(file, "utf8"),
  );
  const dependencies = { ...manifest.dependencies };
  for (const [index, name] of names.entries()) dependencies[`@watersmeet/${name}`] = `file:${tarballs[index]}`;
  await writeFile(file, JSON.stringify({ ...manifest, dependencies }));
}

/** pnpm, unlike npm, would fetch the packages' dependencies on each other from the registry. */
function overrides(): string {
  return `overrides:\n${names.map((name, index) => `  "@watersmeet/${name}": "file:${tarballs[index]}"\n`).join("")}`;
}

function installed(name: string): string {
  return join(stranger, "node_modules/@watersmeet", name);
}

function command(folder: string): string {
  return join(folder, "node_modules/.bin/watersmeet");
}

/** stdout. Rejects with all that the command said when it fails. */
async function call(program: string, args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(program, args, { cwd, env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (child.exitCode !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}\n${stderr}`);
  return stdout;
}

/** A stranger has Node and npm: nothing that the workspace puts on PATH, no server of ours, and no settings of the npm that runs us. */
function environment(): NodeJS.ProcessEnv {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(p?npm_(?!config_(registry|cache)$)|VITEST|NODE_(ENV|OPTIONS|COMPILE_CACHE)$|DATABASE_URL$)/.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: [dirname(process.execPath), ...path].join(delimiter) };
}

async function findUrl(...streams: readonly NodeJS.ReadableStream[]): Promise<string> {
  const found = streams.map(async (input) => {
    for await (const line of createInterface({ input })) {
      const url = /http:\/\/127[.]0[.]0[.]1:\d+/.exec(line)?.[0];
      if (url !== undefined) return url;
    }
    throw new Error("the server ended without an address");
  });
  return await Promise.any(found);
}
