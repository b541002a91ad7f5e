import { fork, type ChildProcess } from "node:child_process";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { StepListener, StepLogLine } from "../step/step.ts";
import { explainDeath, type Death } from "./process/explain-death.ts";
import { createMask, type Mask } from "./process/mask-secrets.ts";
import { OutputLines } from "./process/output-lines.ts";
import {
  isChildMessage,
  type ChildFailure,
  type ChildMessage,
  type ChildResult,
  type ChildWork,
  type ParentMessage,
  type ProjectCode,
} from "./protocol.ts";

export interface ChildSettings {
  /** Working directory: the project's root. */
  readonly root: string;
  /** Largest heap, in MB. */
  readonly memoryMb: number;
  /** A child that does not answer a ping in this time has a blocked event loop. @default 1000 */
  readonly pingMs?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface WorkOptions {
  /** Names the work in messages: `dailyDelays @ 2001-01-31`. */
  readonly subject: string;
  readonly code: ProjectCode;
  readonly timeoutMs: number;
  readonly listener: StepListener;
  readonly signal: AbortSignal;
  /** A child has begun: what comes before is waiting. */
  readonly onStarted?: () => void;
}

export type ChildAnswer =
  | { readonly kind: "result"; readonly result: ChildResult }
  | { readonly kind: "failure"; readonly failure: ChildFailure }
  | { readonly kind: "cancelled" };

/** The process ended before it had the work: another child can do it. */
export interface LostWork {
  readonly kind: "lost";
  readonly failure: ChildFailure;
}

interface Current {
  readonly id: number;
  readonly options: WorkOptions;
  readonly settle: (answer: ChildAnswer | LostWork) => void;
  isAccepted: boolean;
  timer: NodeJS.Timeout | undefined;
  /** Set once a stop was asked for: what the answer will be, whatever the child still says. */
  stopping: (() => ChildAnswer) | null;
}

/** After `cancel`, a child has this long to end its function; then it is killed. */
const cancelGraceMs = 500;
const defaultPingMs = 1_000;
/** How long output may come after a death. */
const outputGraceMs = 200;
/** How long a busy machine may take for the output of work that has answered; the mark at its end comes as soon as it can, unless user code has closed the stream. */
const answerGraceMs = 5_000;
/** A child that has not loaded our own code by then is given up. */
const startTimeoutMs = 60_000;

/** `.ts` here, `.js` in the published package. */
const entry = fileURLToPath(new URL(`./child-main${extname(import.meta.url)}`, import.meta.url));

/**
 * One process that runs user code, as its parent sees it. idle ⇄ busy, and dead from both: `perform` makes it busy until the answer,
 * a stop that was not obeyed and every way to end make it dead, and a dead one stays dead.
 */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #stdout: OutputLines;
  readonly #stderr: OutputLines;
  readonly #settings: ChildSettings;
  readonly #mask: Mask;
  readonly #exited: Promise<void>;
  readonly #started = Promise.withResolvers<void>();
  #lastWords: Extract<ChildMessage, { readonly kind: "dying" }> | null = null;
  #current: Current | null = null;
  #onPong: (() => void) | null = null;
  #generation: string | null = null;
  #isDead = false;
  /** What it used at most with the last piece of work; `null`: it ended before it could say. */
  peakBytes: number | null = null;
  /** Pieces of work that it was given. */
  workCount = 0;
  /** Generations of the project that it has loaded. */
  generationCount = 0;

  constructor(settings: ChildSettings) {
    this.#settings = settings;
    this.#mask = createMask(settings.env);
    this.#process = fork(entry, [String(settings.memoryMb)], {
      cwd: settings.root,
      env: settings.env,
      execArgv: [`--max-old-space-size=${settings.memoryMb}`, "--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      serialization: "advanced",
      // A process group of its own: SIGKILL reaches what user code started, and the terminal's Ctrl-C does not reach user code.
      detached: true,
    });
    this.#stdout = new OutputLines(this.#process.stdout ?? Readable.from([]));
    this.#stderr = new OutputLines(this.#process.stderr ?? Readable.from([]));
    this.#process.on("message", (message) => this.#receive(message));
    this.#exited = new Promise((resolve) => {
      const end = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
        this.#isDead = true;
        this.#started.resolve();
        resolve(this.#onExit(exitCode, signal));
      };
      this.#process.once("exit", end);
      this.#process.on("error", () => {
        // A process that could not be made has no exit; a failure to send surfaces as the exit that caused it.
        if (this.#process.pid === undefined) end(null, null);
      });
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Never rejects: whatever user code does to its process is an answer. */
  async perform(work: ChildWork, options: WorkOptions): Promise<ChildAnswer | LostWork> {
    if (this.#isDead)
      return { kind: "lost", failure: this.#explain(options.subject, { exitCode: null, signal: null }) };
    this.workCount += 1;
    this.peakBytes = null;
    const id = this.workCount;
    const answered = Promise.withResolvers<ChildAnswer | LostWork>();
    const current: Current = {
      id,
      options,
      settle: answered.resolve,
      isAccepted: false,
      timer: undefined,
      stopping: null,
    };
    this.#stdout.direct((text) => options.listener.log(line("info", this.#mask.text(text))));
    this.#stderr.direct((text) => options.listener.log(line("warn", this.#mask.text(text))));
    const printed = Promise.all([this.#stdout.ended(id), this.#stderr.ended(id)]);
    this.#current = current;
    const onAbort = () => this.#stopForCancel();
    options.signal.addEventListener("abort", onAbort);
    try {
      if (options.signal.aborted) onAbort();
      await this.#untilStarted(answered.promise);
      this.#load(options.code);
      this.#send({ kind: "work", id, work });
      const answer = this.#masked(await answered.promise);
      if (!this.#isDead) await Promise.race([printed, this.#exited, delay(answerGraceMs)]);
      return answer;
    } finally {
      clearTimeout(current.timer);
      options.signal.removeEventListener("abort", onAbort);
      this.#endOutput();
      this.#current = null;
    }
  }

  /** Kills the process and what it started. */
  kill(): void {
    this.#isDead = true;
    const { pid } = this.#process;
    if (pid === undefined) return;
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, "SIGKILL");
      } catch {
        // It has ended already.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#exited;
  }

  #load(code: ProjectCode): void {
    if (code.generation === this.#generation) return;
    this.#generation = code.generation;
    this.generationCount += 1;
    this.#send({ kind: "code", code });
  }

  #send(message: ParentMessage): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  #receive(message: unknown): void {
    if (!isChildMessage(message)) return;
    if (message.kind === "pong") return this.#onPong?.();
    if (message.kind === "ready") return this.#started.resolve();
    if (message.kind === "dying") {
      this.#lastWords = message;
      return;
    }
    const current = this.#current;
    if (current === null || message.id !== current.id || this.#lastWords !== null) return;
    if (message.kind === "accepted") {
      current.isAccepted = true;
      current.options.onStarted?.();
      current.timer = setTimeout(() => void this.#stopForTimeout(), current.options.timeoutMs);
      return;
    }
    const { listener } = current.options;
    if (message.kind === "log") listener.log(this.#maskedLine(message.line));
    else if (message.kind === "progress") listener.progress(message.done, message.total, message.message);
    else {
      this.peakBytes = message.peakBytes;
      current.settle(current.stopping?.() ?? answerOf(message));
    }
  }

  #stopForCancel(): void {
    const current = this.#current;
    if (current === null || current.stopping !== null) return;
    current.stopping = () => ({ kind: "cancelled" });
    this.#send({ kind: "cancel", id: current.id });
    setTimeout(() => {
      if (this.#current !== current) return;
      this.kill();
      current.settle({ kind: "cancelled" });
    }, cancelGraceMs).unref();
  }

  async #stopForTimeout(): Promise<void> {
    const current = this.#current;
    if (current === null || current.stopping !== null) return;
    let isLoopBlocked = true;
    current.stopping = () => ({ kind: "failure", failure: timedOut(current.options, isLoopBlocked) });
    const ponged = new Promise<void>((resolve) => {
      this.#onPong = () => {
        isLoopBlocked = false;
        resolve();
      };
    });
    this.#send({ kind: "ping" });
    await Promise.race([ponged, delay(this.#settings.pingMs ?? defaultPingMs)]);
    // It may have answered meanwhile, and have other work by now.
    if (this.#current !== current) return;
    current.settle(current.stopping());
    this.kill();
  }

  async #onExit(exitCode: number | null, signal: NodeJS.Signals | null): Promise<void> {
    // What it started may still hold the pipes open.
    this.kill();
    await Promise.race([new Promise((resolve) => this.#process.once("close", resolve)), delay(outputGraceMs)]);
    const current = this.#current;
    if (current === null) return;
    const failure = this.#explain(current.options.subject, { exitCode, signal });
    current.settle(current.stopping?.() ?? { kind: current.isAccepted ? "failure" : "lost", failure });
  }

  async #untilStarted(answered: Promise<unknown>): Promise<void> {
    const timer = setTimeout(() => this.kill(), startTimeoutMs);
    await Promise.race([this.#started.promise, answered]);
    clearTimeout(timer);
  }

  #masked(answer: ChildAnswer | LostWork): ChildAnswer | LostWork {
    if (answer.kind !== "failure") return answer;
    const { message, stack } = answer.failure;
    const masked = { message: this.#mask.text(message), stack: stack === null ? null : this.#mask.text(stack) };
    return { kind: "failure", failure: { ...answer.failure, ...masked } };
  }

  #maskedLine(line: StepLogLine): StepLogLine {
    return { ...line, message: this.#mask.text(line.message), fields: this.#mask.json(line.fields) };
  }

  #explain(subject: string, end: Pick<Death, "exitCode" | "signal">): ChildFailure {
    const { memoryMb } = this.#settings;
    return explainDeath(subject, { ...end, stderrTail: this.#stderr.tail, lastWords: this.#lastWords, memoryMb });
  }

  #endOutput(): void {
    for (const output of [this.#stdout, this.#stderr]) {
      output.flush();
      output.direct(null);
    }
  }
}

function answerOf(message: Extract<ChildMessage, { readonly kind: "result" | "failure" }>): ChildAnswer {
  return message.kind === "result"
    ? { kind: "result", result: message.result }
    : { kind: "failure", failure: message.failure };
}

function timedOut({ subject, timeoutMs }: WorkOptions, isLoopBlocked: boolean): ChildFailure {
  const state = isLoopBlocked
    ? "its event loop was blocked (a loop without await, or one long call)"
    : "it was waiting for something";
  return {
    code: "STEP_TIMED_OUT",
    message: `${subject} did not end within ${timeoutMs / 1_000} s; ${state}`,
    hint: "Give it more time with the option timeout, or pass ctx.signal to what it waits for.",
    stack: null,
    details: { timeoutMs, isLoopBlocked },
    // A loop that never lets go is the code's own doing; one that waits, waits for somebody.
    cause: isLoopBlocked ? "unknown" : "timedOut",
    wishes: null,
    retryAfterMs: null,
    resource: null,
  };
}

function line(level: StepLogLine["level"], message: string): StepLogLine {
  return { at: new Date().toISOString(), level, message, fields: {} };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
