import { totalmem } from "node:os";
import { Child, type ChildAnswer, type ChildSettings, type LostWork, type WorkOptions } from "./child-process.ts";
import { createMemoryAdmission, type MemoryAdmission } from "./memory-admission.ts";
import type { ChildWork } from "./protocol.ts";

export interface ChildPoolOptions extends ChildSettings {
  /** Pieces of work at the same time. */
  readonly size: number;
  /** Pieces of work after which a child is replaced. */
  readonly stepsPerChild: number;
  /** What the children may use together, by what work of each asset has used before. @default three quarters of the memory that there is */
  readonly memoryBudgetBytes?: number;
}

/** Processes that run user code, kept warm. */
export interface ChildPool extends AsyncDisposable {
  /** Waits for a free child when all are busy; the timeout counts from the moment that it has one. Never rejects. */
  perform(work: ChildWork, options: WorkOptions): Promise<ChildAnswer>;
  /** Starts children ahead, up to the pool's size. */
  warm(count: number): void;
  /** Pieces of work at the same time. */
  readonly size: number;
  /** What user code sees in its environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Node never unloads a module: after this many reloads a child has grown enough to be replaced. */
const generationsPerChild = 100;
/** Children that may end before they have the work, as one does that an earlier step has left a time bomb in. */
const maxTries = 3;

/**
 * Makes a pool. A child starts when work finds none idle, and one more is started ahead, so that work seldom waits for a process.
 * A child does one piece of work at a time; it leaves the pool when it died, when it has done its share, or when the pool closes.
 */
export function createChildPool(options: ChildPoolOptions): ChildPool {
  return new Pool(options);
}

interface Waiting {
  readonly give: (child: Child | null) => void;
  readonly work: ChildWork;
  /** How often others that came later went first, because they need less memory. */
  passedBy: number;
}

/** After so many others, nothing goes before a piece of work that needs much memory. */
const mostPassing = 50;

class Pool implements ChildPool {
  readonly #options: ChildPoolOptions;
  readonly #idle: Child[] = [];
  readonly #busy = new Set<Child>();
  /** Leaving: their ends are awaited when the pool closes. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #waiting: Waiting[] = [];
  /** The child that has the whole project loaded: asked first to describe it again, and last to run a step. */
  #describer: Child | null = null;
  readonly #memory: MemoryAdmission;
  #isClosed = false;

  constructor(options: ChildPoolOptions) {
    this.#options = options;
    this.#memory = createMemoryAdmission({
      budgetBytes: options.memoryBudgetBytes ?? availableBytes() * 0.75,
      unknownBytes: unknownBytesOfWork,
    });
  }

  get size(): number {
    return this.#options.size;
  }

  get env(): ChildPoolOptions["env"] {
    return this.#options.env;
  }

  warm(count: number): void {
    while (!this.#isClosed && this.#idle.length < count && this.#count < this.#limit) this.#idle.push(this.#start());
  }

  async perform(work: ChildWork, options: WorkOptions): Promise<ChildAnswer> {
    for (let tries = 1; ; tries += 1) {
      const child = await this.#acquire(work, options.signal);
      if (child === null) return { kind: "cancelled" };
      const answer = await this.#performIn(child, work, options);
      if (answer.kind !== "lost") return answer;
      if (tries === maxTries) return { kind: "failure", failure: answer.failure };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const { give } of this.#waiting.splice(0)) give(null);
    for (const child of [...this.#idle.splice(0), ...this.#busy]) this.#dismiss(child);
    await Promise.all(this.#leaving);
  }

  /** One more than steps may use at a time: the one that is started ahead, or describes the project. */
  get #limit(): number {
    return this.#options.size + 1;
  }

  get #count(): number {
    return this.#idle.length + this.#busy.size;
  }

  async #performIn(child: Child, work: ChildWork, options: WorkOptions): Promise<ChildAnswer | LostWork> {
    try {
      const answer = await child.perform(work, options);
      if (work.kind === "describe") this.#describer = child;
      if (mayHoldFailedModule(answer)) child.kill();
      return answer;
    } finally {
      this.#memory.ended(nameOf(work), child.peakBytes);
      this.#release(child);
    }
  }

  async #acquire(work: ChildWork, signal: AbortSignal): Promise<Child | null> {
    if (this.#isClosed || signal.aborted) return null;
    const isKept = isSide(work) ? false : (this.#waiting[0]?.passedBy ?? 0) >= mostPassing;
    return this.#hasRoom(work) && !isKept ? this.#take(work) : this.#wait(work, signal);
  }

  #hasRoom(work: ChildWork): boolean {
    if (isSide(work)) return this.#busy.size < this.#limit;
    return this.#busy.size < this.#options.size && this.#memory.mayStart(nameOf(work));
  }

  #take(work: ChildWork): Child {
    const { kind } = work;
    this.#memory.started(nameOf(work));
    const child = this.#pickIdle(kind) ?? this.#start();
    this.#busy.add(child);
    // A project that is described may have no step to run.
    if (kind !== "describe") this.warm(1);
    return child;
  }

  #pickIdle(kind: ChildWork["kind"]): Child | undefined {
    for (const child of this.#idle.filter((child) => child.isDead)) this.#forget(child);
    const preferred = this.#idle.findIndex((child) => (child === this.#describer) === (kind === "describe"));
    return this.#idle.splice(Math.max(preferred, 0), 1)[0];
  }

  #forget(child: Child): void {
    this.#idle.splice(this.#idle.indexOf(child), 1);
    this.#dismiss(child);
  }

  #wait(work: ChildWork, signal: AbortSignal): Promise<Child | null> {
    return new Promise((resolve) => {
      const onAbort = () => {
        const index = this.#waiting.indexOf(waiting);
        if (index >= 0) this.#waiting.splice(index, 1);
        resolve(null);
      };
      const waiting: Waiting = {
        work,
        passedBy: 0,
        give: (child) => {
          signal.removeEventListener("abort", onAbort);
          resolve(child);
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #release(child: Child): void {
    this.#busy.delete(child);
    const { stepsPerChild } = this.#options;
    const isSpent = child.workCount >= stepsPerChild || child.generationCount >= generationsPerChild;
    if (this.#isClosed || child.isDead || isSpent) this.#dismiss(child);
    else this.#idle.push(child);
    if (this.#isClosed) return;
    // One that needed much makes room for several.
    for (let next = this.#pickWaiting(); next !== undefined; next = this.#pickWaiting()) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      next.give(this.#take(next.work));
    }
  }

  /** The first that fits. It counts for those before it that do not. */
  #pickWaiting(): Waiting | undefined {
    const index = this.#waiting.findIndex(({ work }) => this.#hasRoom(work));
    const [first] = this.#waiting;
    if (index > 0 && first !== undefined && first.passedBy >= mostPassing) return undefined;
    for (const passed of this.#waiting.slice(0, Math.max(0, index))) passed.passedBy += 1;
    return this.#waiting[index];
  }

  #start(): Child {
    const { root, memoryMb, env } = this.#options;
    return new Child({ root, memoryMb, env });
  }

  #dismiss(child: Child): void {
    if (this.#describer === child) this.#describer = null;
    const left = child[Symbol.asyncDispose]().finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }
}

/** The project can be described, and a sensor called, while every step's place is taken: neither must wait for the longest step, or for memory. */
function isSide({ kind }: ChildWork): boolean {
  return kind === "describe" || kind === "sense";
}

/** What Node takes with a small project: nothing needs less. */
const unknownBytesOfWork = 128 * 1_048_576;

/** Of the machine, or of the container that this process is in. */
function availableBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}

/** Work of one asset needs about the same memory every time. */
function nameOf(work: ChildWork): string | null {
  return "asset" in work ? work.asset.key : null;
}

/** A module that failed to load stays failed in its process: the next try needs another one. */
function mayHoldFailedModule(answer: ChildAnswer | LostWork): boolean {
  if (answer.kind === "failure")
    return answer.failure.code === "MODULE_LOAD_FAILED" || answer.failure.code === "PROJECT_CHANGED";
  return answer.kind === "result" && answer.result.kind === "described" && answer.result.problems.length > 0;
}
