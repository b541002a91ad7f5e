import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

/** Type-checks everything: sources, tests, benchmarks, the web app, examples, tools. Prints how many files of ours the compiler saw. */
const projects = [
  ...["core", "runtime", "ui-server", "ui-server/web"].map((name) => `packages/${name}/tsconfig.json`),
  ...readdirSync("examples").map((name) => `examples/${name}/tsconfig.json`),
  "bench/tsconfig.json",
  "tools/tsconfig.json",
].filter((path) => existsSync(path));

const seen = new Set<string>();
let isBroken = false;
for (const project of projects) {
  try {
    const output = execFileSync("tsc", ["-p", project, "--noEmit", "--listFiles", "--checkers", "1"], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    for (const line of output.split("\n"))
      if (line.startsWith(process.cwd()) && !line.includes("node_modules")) seen.add(line);
  } catch (error) {
    isBroken = true;
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
    console.error(
      `${project}:\n${output
        .split("\n")
        .filter((line) => line.includes("error TS") || line.startsWith("  "))
        .join("\n")}`,
    );
  }
}
console.log(`${seen.size} files type-checked`);
if (isBroken) process.exitCode = 1;
