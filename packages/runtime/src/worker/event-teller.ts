import { setTimeout as sleep } from "node:timers/promises";
import { notifyFollowers } from "../ledger/events.ts";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";

export interface EventTeller extends AsyncDisposable {
  /** New events have been committed. */
  tell(): void;
}

/** Followers hear of the first transaction at once and then of many together: a NOTIFY each would slow every commit. */
const coalesceMs = 50;

export function startEventTeller(db: LedgerDb, logger: Logger): EventTeller {
  let isWanted = false;
  let telling: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    while (isWanted) {
      isWanted = false;
      try {
        await notifyFollowers(db);
      } catch (error) {
        logger.debug({ error: String(error) }, "followers could not be told; they look by themselves");
      }
      await sleep(coalesceMs);
    }
    telling = null;
  };
  return {
    tell() {
      isWanted = true;
      telling ??= run();
    },
    async [Symbol.asyncDispose]() {
      await telling;
    },
  };
}
