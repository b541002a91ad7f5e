import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const core = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(core, "../../node_modules/.bin/tsc");

/** One error of tsc. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  /** All its lines, without the indentation. */
  readonly lines: readonly string[];
}

export interface Compilation {
  readonly diagnostics: readonly Diagnostic[];
  /** Of `--extendedDiagnostics`. */
  readonly instantiations: number;
  readonly checkSeconds: number;
}

/** Compiles files as an author's project would: in a folder of its own, with the packages under node_modules. */
export async function compile(
  files: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Compilation> {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-types-"));
  try {
    await mkdir(join(folder, "node_modules/@watersmeet"), { recursive: true });
    await symlink(core, join(folder, "node_modules/@watersmeet/core"));
    for (const name of ["zod", "kysely"])
      await symlink(join(core, "node_modules", name), join(folder, "node_modules", name));
    await symlink(join(core, "../../node_modules/@types"), join(folder, "node_modules/@types"));
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...authorOptions, ...options }, include: ["*.ts"] }),
    );
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return read(await run(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The settings that `watersmeet init` writes. */
const authorOptions = {
  target: "es2024",
  lib: ["es2024", "esnext.disposable"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
};

async function run(folder: string): Promise<string> {
  const args = ["-p", folder, "--extendedDiagnostics", "--pretty", "false", "--checkers", "1"];
  return promisify(execFile)(tsc, args, { cwd: folder, maxBuffer: 64 * 2 ** 20 }).then(
    ({ stdout }) => stdout,
    readFailure,
  );
}

/** tsc ends with 1 or 2 when there are errors, and prints them where it prints the rest. */
function readFailure(failure: unknown): string {
  if (
    failure instanceof Error &&
    "stdout" in failure &&
    typeof failure.stdout === "string" &&
    failure.stdout.includes("Instantiations:")
  )
    return failure.stdout;
  throw failure;
}

function read(output: string): Compilation {
  const diagnostics: { file: string; line: number; lines: string[] }[] = [];
  for (const line of output.split("\n")) {
    const start = /^([^\s(][^(]*)\((\d+),\d+\): (error .*)$/.exec(line);
    if (start !== null) diagnostics.push({ file: start[1] ?? "", line: Number(start[2]), lines: [start[3] ?? ""] });
    else if (line.startsWith("  ")) diagnostics.at(-1)?.lines.push(line.trim());
  }
  return {
    diagnostics,
    instantiations: Number(/Instantiations:\s+(\d+)/.exec(output)?.[1] ?? Number.NaN),
    checkSeconds: Number(/Check time:\s+([\d.]+)s/.exec(output)?.[1] ?? Number.NaN),
  };
}
