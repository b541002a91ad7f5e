/**
 * What a command costs that finds nothing to do: `node packages/ui-server/bench/nothing-to-do.bench.ts [quickstart flights …]`. Each example is
 * copied and run once; then `run '*'`, `check` and `assets` are called five times each. Wall time of whole processes, with the start and the
 * stop of the project's own Postgres, and their CPU without it; medians. Bound of the second run: one second.
 */
import { median, copyProject, runCommand, type Spent } from "./command-process.ts";

const repeats = 5;
const boundMs = 1000;
const named = process.argv.slice(2);

for (const example of named.length === 0 ? ["quickstart", "flights"] : named) {
  await using project = await copyProject(example);
  const first = await runCommand(project.directory, ["run", "*"]);
  console.log(`\n${example}, medians of ${repeats}\n  first run   ${show(first)}`);
  for (const args of [["run", "*"], ["check"], ["assets"]]) {
    const calls: Spent[] = [];
    for (let call = 0; call < repeats; call += 1) calls.push(await runCommand(project.directory, args));
    const spent = { wallMs: median(calls.map((each) => each.wallMs)), cpuMs: median(calls.map((each) => each.cpuMs)) };
    const verdict = args[0] === "run" ? `   ${spent.wallMs <= boundMs ? "within" : "OVER"} ${boundMs} ms` : "";
    console.log(`  ${args.join(" ").padEnd(9)}   ${show(spent)}${verdict}`);
    if (args[0] === "run") console.log(`              ${calls.at(-1)?.output ?? ""}`);
  }
}

function show({ wallMs, cpuMs }: Pick<Spent, "wallMs" | "cpuMs">): string {
  return `${wallMs.toFixed(0).padStart(6)} ms   ${cpuMs.toFixed(0).padStart(6)} ms of CPU`;
}
