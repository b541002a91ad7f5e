import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { checkSteps, type CheckStep } from "./steps.ts";

/** Runs every check, or those named on the command line; all of them, even after one failed. */
async function main(names: readonly string[]): Promise<void> {
  const steps = names.length === 0 ? checkSteps : checkSteps.filter((step) => names.includes(step.name));
  if (steps.length === 0)
    throw new Error(`no such check; there are: ${checkSteps.map((step) => step.name).join(", ")}`);
  const lines: string[] = [];
  for (const step of steps) {
    console.log(`\n── ${step.name}: ${step.command.join(" ")}`);
    const verdict = await runStep(step);
    if (verdict.failure !== undefined) process.exitCode = 1;
    lines.push(
      `${verdict.failure === undefined ? "ok    " : "FAILED"}  ${step.name}: ${verdict.failure ?? `${verdict.count} ${step.unit}`}`,
    );
  }
  console.log(`\n${lines.join("\n")}`);
}

async function runStep(step: CheckStep): Promise<{ count: number; failure?: string }> {
  const { code, output } = await run(step.command);
  const count = step.count(stripVTControlCharacters(output)) ?? 0;
  if (code !== 0) return { count, failure: `exit code ${code}` };
  if (count === 0) return { count, failure: `it looked at no ${step.unit}` };
  return { count };
}

function run([program, ...args]: CheckStep["command"]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const [stream, out] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        out.write(chunk);
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

await main(process.argv.slice(2));
