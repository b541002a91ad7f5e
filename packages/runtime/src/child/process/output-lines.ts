import type { Readable } from "node:stream";
import { memoryMark } from "../watchdog-data.ts";

/** Starts the line by which a child says that the output of a piece of work is complete; its id follows. */
export const endMark = "\u0001watersmeet:end:";

const maxLineLength = 4_096;
/** Lines that may come at once, and how many more per second. */
const lineBurst = 500;
const linesPerSecond = 100;
/** Bytes read from one stream in one window; then the pipe is left full until the window ends, and the writer waits. */
const windowBytes = 1_048_576;
const windowMs = 50;
const tailLength = 8_192;

/**
 * What user code prints, as lines. A flood costs the worker little: lines over the limit are counted, not kept, and a full pipe stops
 * the child that fills it.
 */
export class OutputLines {
  readonly #stream: Readable;
  #onLine: ((text: string) => void) | null = null;
  #partial = "";
  #tail = "";
  #allowance = lineBurst;
  #allowanceAt = performance.now();
  #leftOutCount = 0;
  #windowStart = 0;
  #windowRead = 0;
  #awaited: { readonly id: number; readonly resolve: () => void } | null = null;
  #isClosed = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => this.#take(text));
    stream.on("error", () => {});
    stream.once("close", () => {
      this.#isClosed = true;
      this.#awaited?.resolve();
    });
  }

  /** The last characters that were printed, marks included: where the reason of a death stands. */
  get tail(): string {
    return this.#tail;
  }

  /** Lines go to `onLine` from now on; `null` drops them. */
  direct(onLine: ((text: string) => void) | null): void {
    this.#onLine = onLine;
    this.#tail = "";
  }

  /** Resolves when the child has said that everything of work `id` is printed, or can say no more. */
  ended(id: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#awaited = { id, resolve };
    });
  }

  /** Reports a last partial line and how much was left out. */
  flush(): void {
    if (this.#partial !== "") this.#line(this.#partial);
    this.#partial = "";
    if (this.#leftOutCount > 0) this.#onLine?.(`… ${this.#leftOutCount} more lines were printed and left out`);
    this.#leftOutCount = 0;
  }

  #take(text: string): void {
    this.#tail = (this.#tail + text).slice(-tailLength);
    const lines = (this.#partial + text).split("\n");
    this.#partial = (lines.pop() ?? "").slice(0, maxLineLength);
    for (const line of lines) this.#line(line);
    this.#throttle(text.length);
  }

  #line(line: string): void {
    if (line.startsWith(endMark)) {
      if (this.#awaited?.id === Number(line.slice(endMark.length))) this.#awaited.resolve();
      return;
    }
    if (line.startsWith(memoryMark) || line === "" || this.#onLine === null) return;
    if (this.#spend()) this.#onLine(line.length > maxLineLength ? `${line.slice(0, maxLineLength)}…` : line);
    else this.#leftOutCount += 1;
  }

  #spend(): boolean {
    const now = performance.now();
    this.#allowance = Math.min(lineBurst, this.#allowance + ((now - this.#allowanceAt) / 1_000) * linesPerSecond);
    this.#allowanceAt = now;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  #throttle(length: number): void {
    const now = performance.now();
    if (now - this.#windowStart >= windowMs) {
      this.#windowStart = now;
      this.#windowRead = 0;
    }
    this.#windowRead += length;
    if (this.#windowRead < windowBytes) return;
    this.#stream.pause();
    setTimeout(() => this.#stream.resume(), windowMs).unref();
  }
}
