import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pauseAtRandom } from "./pause-at-random.ts";
import { openShare } from "./processor-share.ts";

/*
 * Runs tests as they would run on a machine that is slow and busy:
 *   node tools/testing/slow/slow-machine.ts [--cores 0.2] [--pauses] [--seed 1] <paths> [-- <options of vitest>]
 * `--cores` is what all processes of the tests have together of one core. With `--pauses`, one of the processes that the tests start,
 * or a whole test process, stands still for up to five seconds, again and again: they are told of, with the time, on stderr.
 */
const root = fileURLToPath(new URL("../../..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cores: { type: "string", default: "0.2" },
    pauses: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
  },
});

await using share = openShare(Number(values.cores));
const [command, ...before] = share.command;
const vitest = [process.execPath, `${root}node_modules/vitest/vitest.mjs`, "run", ...positionals];
const all = command === undefined ? vitest : [command, ...before, ...vitest];
const [program = process.execPath, ...args] = all;
const tests = spawn(program, args, { cwd: root, stdio: "inherit" });
const ended = once(tests, "exit");
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => tests.kill("SIGINT"));
const pauses = values.pauses && tests.pid !== undefined ? pauseAtRandom(tests.pid, Number(values.seed)) : undefined;
const [exitCode] = await ended;
await pauses?.[Symbol.asyncDispose]();
process.exitCode = exitCode ?? 1;
