import { isWatersmeetError } from "@watersmeet/core/errors";
import type { DuckdbDatabase } from "../duckdb-database.ts";
import { joinDuckdbTransaction } from "../duckdb-session.ts";
import { tidyStamped, tidyTerms } from "./tidy-stamped.ts";

/** After so many of them one is thorough: what they leave undone costs some room, and later some time. */
const quickCheckpoints = 16;

export interface UpkeepOptions {
  readonly database: DuckdbDatabase;
  /** Runs alone, between transactions that publish. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** How long after a commit it begins, in milliseconds; `null`: only when it is asked for. */
  readonly delayMs: number | null;
}

/**
 * What a file needs from time to time and no commit shall wait for: stamped tables are sorted, and row groups that have become small are joined. Nothing of it
 * changes what anybody reads, and what is left undone is done the next time.
 */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Something was published. */
  note(): void {
    const { delayMs } = this.#options;
    if (delayMs === null || this.#timer !== null || this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#runLater();
    }, delayMs);
    this.#timer.unref();
  }

  async run(): Promise<void> {
    const { database } = this.#options;
    await this.#options.exclusive(async () => {
      if (this.#isStopped) return;
      const written = await database.pool.transact((connection) =>
        tidyStamped(joinDuckdbTransaction(connection), tidyTerms),
      );
      if (database.quickCheckpoints >= quickCheckpoints) await database.checkpoint("thorough");
      else if (written > 0) await database.checkpoint();
    });
  }

  /** The caller closes the file. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** A broken database says so to the next one who asks for something; here nothing is lost. */
  async #runLater(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      if (!isWatersmeetError(error)) throw error;
    }
  }
}
