import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { eventChannel } from "../../ledger/events.ts";
import { connectionSettings } from "../../ledger/open-ledger.ts";

/** Tells many followers in this process that something was committed somewhere. */
export interface EventSignal extends AsyncDisposable {
  /** Grows with everything that is told. Read it before you look, and give it to `next`: nothing told in between is missed. */
  count(): number;
  /** Until something is told after `since`, at most so long. A silent or broken connection costs the time, never an event. */
  next(since: number, timeoutMs: number, signal?: AbortSignal): Promise<void>;
}

/** Listens from the first wait on. */
export function createEventSignal(url: string): EventSignal {
  const waiting = new Set<() => void>();
  const closing = new AbortController();
  let listening: Promise<void> | null = null;
  let client: pg.Client | null = null;

  let count = 0;
  const wakeAll = (): void => {
    count += 1;
    for (const wake of waiting) wake();
  };
  const listen = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      client = new pg.Client({ ...connectionSettings(url), application_name: "watersmeet-follow" });
      const ended = new Promise<void>((resolve) => {
        client?.on("error", () => resolve());
        client?.on("end", () => resolve());
      });
      client.on("notification", wakeAll);
      try {
        await client.connect();
        await client.query(`listen ${eventChannel}`);
        wakeAll();
        await ended;
      } catch {
        // Followers look by themselves until it works.
      }
      await client.end().catch(() => {});
      if (!closing.signal.aborted) await sleep(500);
    }
  };
  return {
    count() {
      listening ??= listen();
      return count;
    },
    async next(since, timeoutMs, signal) {
      listening ??= listen();
      if (signal?.aborted === true || closing.signal.aborted || count > since) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(done);
          signal?.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        waiting.add(done);
        signal?.addEventListener("abort", done, { once: true });
      });
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      wakeAll();
      await client?.end().catch(() => {});
      await listening;
    },
  };
}
