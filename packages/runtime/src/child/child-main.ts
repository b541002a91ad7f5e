import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { Reporter, takeChannel, type Channel } from "./channel.ts";
import { describeError } from "./describe-error.ts";
import type { Desk } from "./desk.ts";
import { createModuleLoader, type ModuleLoader } from "./module-loader.ts";
import { endMark } from "./process/output-lines.ts";
import type { ChildResult, ChildWork, ParentMessage } from "./protocol.ts";
import { maxRssOf, peakPageBytes, type WatchdogData } from "./watchdog-data.ts";

/*
 * Entry of a child: the process in which user code runs, one piece of work at a time. It loads no database client, no queue and no
 * analyzer. It ends with its parent.
 */

/** What each needs is loaded when it is first asked for: describing needs neither SQL nor files of rows, running no description. */
async function loadHandler(work: ChildWork): Promise<(desk: Desk) => Promise<ChildResult>> {
  if (work.kind === "describe") {
    const { describeProject } = await import("./describe/describe-project.ts");
    return ({ modules, reporter }) => describeProject(work.manifest, modules, (file) => reporter.tell(file));
  }
  if (work.kind === "sense") {
    const { handleSensorCall } = await import("./sense/handle-sensor-call.ts");
    return (desk) => handleSensorCall(work, desk);
  }
  if (work.kind === "probe") {
    const { handleProbe } = await import("./probe/handle-probe.ts");
    return (desk) => handleProbe(work, desk);
  }
  const { handleStepWork } = await import("./handle-step-work.ts");
  return (desk) => handleStepWork(work, desk);
}

/** A child that was started ahead uses its time. */
const preloadAfterMs = 100;

function main(): void {
  const channel = takeChannel();
  const modules = createModuleLoader();
  const writeOut = process.stdout.write.bind(process.stdout);
  const writeErr = process.stderr.write.bind(process.stderr);
  let cancel: AbortController | null = null;
  blockOnFullPipes();
  const peak = startWatchdog();
  sayLastWords(channel, modules);

  const perform = async (id: number, work: ChildWork): Promise<void> => {
    const reporter = new Reporter(channel, id);
    const controller = new AbortController();
    cancel = controller;
    const handle = await loadHandler(work);
    peak[0] = 0;
    channel.send({ kind: "accepted", id });
    const answer = await handle({ modules, reporter, signal: controller.signal }).then(
      (result) => ({ kind: "result", id, result }) as const,
      (thrown: unknown) => ({ kind: "failure", id, failure: describeError(thrown, modules.root) }) as const,
    );
    reporter.flush();
    writeOut(`\n${endMark}${id}\n`);
    writeErr(`\n${endMark}${id}\n`);
    channel.send({ ...answer, peakBytes: Math.max(process.memoryUsage.rss(), (peak[0] ?? 0) * peakPageBytes) });
  };

  // The parent is the only one at the other end, and sends nothing but these.
  process.on("message", (message: ParentMessage) => {
    if (message.kind === "code") modules.use(message.code);
    else if (message.kind === "ping") channel.send({ kind: "pong" });
    else if (message.kind === "cancel") cancel?.abort(new DOMException("the step was cancelled", "AbortError"));
    else void perform(message.id, message.work);
  });
  channel.send({ kind: "ready" });
  setTimeout(() => void import("./handle-step-work.ts"), preloadAfterMs);
}

/**
 * What is printed waits for the parent to read it instead of collecting in memory. Node has no public switch for it; without this one
 * (its name has been the same since Node 0.12) a flood ends in a full heap.
 */
function blockOnFullPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const handle: unknown = Reflect.get(stream, "_handle");
    if (handle === null || typeof handle !== "object") continue;
    const setBlocking: unknown = Reflect.get(handle, "setBlocking");
    if (typeof setBlocking === "function") Reflect.apply(setBlocking, handle, [true]);
  }
}

/** Gives where the watchdog notes how much memory the process has used. */
function startWatchdog(): Int32Array {
  const memoryMb = Number(process.argv[2]);
  const peak = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const data: WatchdogData = { parentPid: process.ppid, maxRssBytes: maxRssOf(memoryMb), peak };
  new Worker(new URL(`./watchdog${extname(import.meta.url)}`, import.meta.url), {
    workerData: data,
    execArgv: [],
  }).unref();
  return new Int32Array(peak);
}

/** An error that nobody caught ends the process, as Node does by default, but not before it is told. */
function sayLastWords(channel: Channel, modules: ModuleLoader): void {
  process.on("uncaughtException", (error, origin) => {
    const cause = origin === "unhandledRejection" ? "unhandledRejection" : "uncaughtException";
    channel.send({ kind: "dying", cause, failure: describeError(error, modules.root) });
    // The message leaves in the next turns of the loop; a loop that is kept busy does not keep the process.
    setTimeout(() => process.kill(process.pid, "SIGKILL"), 50);
  });
}

main();
