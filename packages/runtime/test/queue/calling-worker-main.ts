import { createInterface } from "node:readline";
import { describeError } from "../../src/child/describe-error.ts";
import { defaultBreakerSettings } from "../../src/config/failure-terms.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { failureOfChild } from "../../src/step/outcome/classify-failure.ts";
import type { ClaimedStep, StepOutcome } from "../../src/step/step.ts";
import { startWorker } from "../../src/worker/start-worker.ts";
import { committed } from "../worker/test-executor.ts";

/** A worker in a process of its own whose steps fetch from a source, as user code does; it says when it calls. A line on stdin gives it another source. */
const [url, firstSource] = process.argv.slice(2);
if (url === undefined || firstSource === undefined) throw new Error("usage: calling-worker-main.ts <url> <source>");
let source = firstSource;
createInterface({ input: process.stdin }).on("line", (line) => {
  source = line;
  process.stdout.write("moved\n");
});

async function call(step: ClaimedStep): Promise<StepOutcome> {
  process.stdout.write(`call ${Date.now()}\n`);
  try {
    const response = await fetch(`${source}/${step.partition}`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${step.partition}: HTTP ${response.status}`, { cause: response });
    return committed(step);
  } catch (error) {
    return { kind: "failed", failure: failureOfChild(describeError(error, "/")) };
  }
}

const breaker = { ...defaultBreakerSettings, openMs: 1_000, maxOpenMs: 1_000 };
const ledger = await openLedger(url, { schema: "require" });
const worker = await startWorker({
  ledger,
  executor: { execute: call, async [Symbol.asyncDispose]() {} },
  concurrency: 4,
  stores: () => new Set(["default"]),
  resources: { api: { concurrency: 16, breaker }, feed: { concurrency: 16, breaker } },
  retry: { minDelayMs: 5, maxDelayMs: 50 },
  logger: silentLogger,
  random: Math.random,
});
process.stdout.write(`ready ${worker.workerId()}\n`);
