import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { connectionSettings } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";

export interface LeadOptions {
  readonly url: string;
  readonly environment: string;
  readonly logger: Logger;
  /** What the leader does, until the signal. */
  readonly work: (signal: AbortSignal) => Promise<void>;
}

/** How long those that do not lead wait before they ask again. */
const askEveryMs = 1_000;

/**
 * Lets one process per environment do some work: the one whose session holds an advisory lock. When its connection breaks it stops, and asks for the lock anew. For a
 * moment two may believe that they lead: what they record is fenced by revisions, not by this lock.
 */
export async function leadUntil(options: LeadOptions, closing: AbortSignal): Promise<void> {
  while (!closing.aborted) {
    try {
      await leadOnce(options, closing);
    } catch (error) {
      options.logger.warn({ error: String(error) }, "automation stopped, and is tried again");
    }
    await sleep(askEveryMs, undefined, { signal: closing }).catch(() => {});
  }
}

async function leadOnce({ url, environment, work }: LeadOptions, closing: AbortSignal): Promise<void> {
  const client = new pg.Client({ ...connectionSettings(url), application_name: "watersmeet-automation" });
  const lost = new AbortController();
  client.on("error", () => lost.abort());
  client.on("end", () => lost.abort());
  try {
    await client.connect();
    const { rows } = await client.query<{ isLeader: boolean }>(
      `select pg_try_advisory_lock(hashtextextended($1, 0)) as "isLeader"`,
      [JSON.stringify(["watersmeet.automation", environment])],
    );
    if (rows[0]?.isLeader !== true) return;
    await work(AbortSignal.any([lost.signal, closing]));
  } finally {
    await client.end().catch(() => {});
  }
}
