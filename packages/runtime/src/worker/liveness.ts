import { hostname } from "node:os";
import { extname } from "node:path";
import { Worker as Thread } from "node:worker_threads";
import type pg from "pg";
import { z } from "zod";
import { beatTtlMs } from "./liveness-lock.ts";

/** This process as the ledger knows it. */
export interface Liveness extends AsyncDisposable {
  workerId(): string;
}

export interface LivenessOptions {
  readonly client: pg.ClientConfig;
  readonly slots: number;
  /** The ledger gave this worker's steps to others, or will have: what it does is in vain, and the steps must be let go. */
  readonly onLost: (why: "fenced" | "silent") => void;
}

const message = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("registered"), workerId: z.string() }),
  z.object({ kind: z.literal("fenced"), workerId: z.string() }),
  z.object({ kind: z.literal("broken"), message: z.string() }),
  z.object({ kind: z.literal("beat") }),
  z.object({ kind: z.literal("stopped") }),
]);

/** Registers the process as a worker and keeps it alive in the ledger until disposed. */
export async function startLiveness(options: LivenessOptions): Promise<Liveness> {
  const { promise: registered, resolve, reject } = Promise.withResolvers<string>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let workerId = "";
  let beatAt = performance.now();
  let isSilent = false;
  const thread = new Thread(new URL(`./beat-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: { client: { ...options.client }, host: hostname(), pid: process.pid, slots: options.slots },
    stdout: false,
    stderr: false,
  });
  thread.on("message", (raw: unknown) => {
    const told = message.parse(raw);
    if (told.kind === "registered") resolve((workerId = told.workerId));
    if (told.kind === "fenced") options.onLost("fenced");
    if (told.kind === "beat") [beatAt, isSilent] = [performance.now(), false];
  });
  thread.on("error", reject);
  thread.on("exit", () => end());
  const watch = setInterval(() => {
    if (isSilent || performance.now() - beatAt < beatTtlMs * 0.6) return;
    isSilent = true;
    options.onLost("silent");
  }, 500);
  watch.unref();
  await registered;
  return {
    workerId: () => workerId,
    async [Symbol.asyncDispose]() {
      clearInterval(watch);
      thread.postMessage("stop", []);
      const timer = setTimeout(() => void thread.terminate(), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}
