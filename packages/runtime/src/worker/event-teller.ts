import { sql } from "kysely";
import { eventChannel } from "../ledger/events.ts";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";

export interface EventTeller extends AsyncDisposable {
  /** New events have been committed. */
  tell(): void;
}

/** Followers hear of many transactions at once: a NOTIFY each would slow every commit. */
const coalesceMs = 50;

export function startEventTeller(db: LedgerDb, logger: Logger): EventTeller {
  let timer: NodeJS.Timeout | null = null;
  let telling = Promise.resolve();
  const send = async (): Promise<void> => {
    timer = null;
    try {
      await sql`select pg_notify(${eventChannel}, '')`.execute(db);
    } catch (error) {
      logger.debug({ error: String(error) }, "followers could not be told; they look by themselves");
    }
  };
  const start = (): void => {
    telling = telling.then(send);
  };
  return {
    tell() {
      timer ??= setTimeout(start, coalesceMs);
    },
    async [Symbol.asyncDispose]() {
      if (timer !== null) {
        clearTimeout(timer);
        start();
      }
      await telling;
    },
  };
}
