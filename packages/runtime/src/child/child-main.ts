import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { buildParameters } from "./build-parameters.ts";
import { callFunction } from "./call-function.ts";
import { Reporter, takeChannel, type Channel } from "./channel.ts";
import { compileBranches, compileQuery } from "./compile-query.ts";
import { createContext, type AttemptContext } from "./create-context.ts";
import { describeError } from "./describe-error.ts";
import { findDefinition } from "./find-definition.ts";
import { createModuleLoader, type ModuleLoader } from "./module-loader.ts";
import { endMark } from "./output-lines.ts";
import type { AttemptFacts, ChildResult, ChildWork, ParentMessage } from "./protocol.ts";
import { runAsset } from "./run-asset.ts";
import { validateRows } from "./validate-rows.ts";
import type { WatchdogData } from "./watchdog-data.ts";

/*
 * Entry of a child: the process in which user code runs, one piece of work at a time. It loads no database client, no queue and no
 * analyzer. It ends with its parent.
 */

/** What a piece of work has at hand. */
interface Desk {
  readonly modules: ModuleLoader;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

type Handlers = {
  readonly [K in ChildWork["kind"]]: (work: Extract<ChildWork, { kind: K }>, desk: Desk) => Promise<ChildResult>;
};

const handlers: Handlers = {
  describe: async ({ manifest }, { modules, reporter }) => {
    // Most children only run steps.
    const { describeProject } = await import("./describe-project.ts");
    return describeProject(manifest, modules, (file) => reporter.tell(file));
  },
  run: async (work, desk) => {
    const definition = await findDefinition(work.asset, desk.modules);
    return runAsset(work, definition, contextOf(work.attempt, desk));
  },
  compile: async (work, desk) => {
    const definition = await findDefinition(work.asset, desk.modules);
    const context = contextOf(work.attempt, desk);
    const returned = await callFunction(definition, buildParameters(work.arguments, context.ctx));
    return { kind: "compiled", query: compileQuery(returned, work.arguments), report: context.report() };
  },
  compileMerge: async (work, desk) => {
    const definition = await findDefinition(work.asset, desk.modules);
    const context = contextOf(work.attempt, desk);
    const returned = await callFunction(definition, buildParameters(work.arguments, context.ctx));
    return { kind: "compiledMerge", branches: compileBranches(returned, work.arguments), report: context.report() };
  },
  validate: async (work, desk) => validateRows(await findDefinition(work.asset, desk.modules), work.file, desk.signal),
};

function contextOf(attempt: AttemptFacts, { reporter, signal }: Desk): AttemptContext {
  return createContext({ attempt, reporter, env: process.env, signal });
}

function handle<K extends ChildWork["kind"]>(
  kind: K,
  work: Extract<ChildWork, { kind: K }>,
  desk: Desk,
): Promise<ChildResult> {
  return handlers[kind](work, desk);
}

function main(): void {
  const channel = takeChannel();
  const modules = createModuleLoader();
  const writeOut = process.stdout.write.bind(process.stdout);
  const writeErr = process.stderr.write.bind(process.stderr);
  let cancel: AbortController | null = null;
  blockOnFullPipes();
  startWatchdog();
  sayLastWords(channel, modules);

  const perform = async (id: number, work: ChildWork): Promise<void> => {
    channel.send({ kind: "accepted", id });
    const reporter = new Reporter(channel, id);
    cancel = new AbortController();
    const answer = await handle(work.kind, work, { modules, reporter, signal: cancel.signal }).then(
      (result) => ({ kind: "result", id, result }) as const,
      (thrown: unknown) => ({ kind: "failure", id, failure: describeError(thrown, modules.root) }) as const,
    );
    reporter.flush();
    writeOut(`\n${endMark}${id}\n`);
    writeErr(`\n${endMark}${id}\n`);
    channel.send(answer);
  };

  // The parent is the only one at the other end, and sends nothing but these.
  process.on("message", (message: ParentMessage) => {
    if (message.kind === "code") modules.use(message.code);
    else if (message.kind === "ping") channel.send({ kind: "pong" });
    else if (message.kind === "cancel") cancel?.abort(new DOMException("the step was cancelled", "AbortError"));
    else void perform(message.id, message.work);
  });
  channel.send({ kind: "ready" });
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

function startWatchdog(): void {
  const memoryMb = Number(process.argv[2]);
  // Buffers and native code may take as much again as the heap, and Node itself some.
  const data: WatchdogData = { parentPid: process.ppid, maxRssBytes: (memoryMb * 2 + 256) * 1_048_576 };
  new Worker(new URL(`./watchdog${extname(import.meta.url)}`, import.meta.url), {
    workerData: data,
    execArgv: [],
  }).unref();
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
