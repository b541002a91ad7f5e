import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { startWorker } from "../../src/worker/start-worker.ts";
import { committed } from "./test-executor.ts";

/** A worker in a process of its own, for tests that kill it. Its steps say that they run, and wait; with `die` they take the process with them. */
const [url, deed, mayEnd = ""] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: worker-main.ts <url> [hang|die|block|linger <file>]");
const ledger = await openLedger(url, { schema: "require" });
const worker = await startWorker({
  ledger,
  executor: {
    async execute(step) {
      process.stdout.write(`running ${step.ordinal}\n`);
      if (deed === "die" && step.asset === "poison") process.kill(process.pid, "SIGKILL");
      if (deed === "block") for (const untilMs = Date.now() + 3000; Date.now() < untilMs;);
      if (deed === "linger" && step.attempt === 1) while (!existsSync(mayEnd)) await sleep(50);
      if (deed === "hang") await new Promise(() => {});
      return committed(step);
    },
    async [Symbol.asyncDispose]() {},
  },
  concurrency: 4,
  stores: () => new Set(["default"]),
  resources: { api: { concurrency: 2 } },
  retry: { minDelayMs: 5, maxDelayMs: 20 },
  logger: silentLogger,
  random: () => 0.5,
});
process.stdout.write(`ready ${worker.workerId()}\n`);
