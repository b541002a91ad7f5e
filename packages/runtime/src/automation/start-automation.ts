import { setTimeout as sleep } from "node:timers/promises";
import { findLastSequence } from "../ledger/events.ts";
import type { AutomationDeps } from "./automation-deps.ts";
import { lookAtConditions, lookAtSchedules, lookAtSensors } from "./evaluate/look.ts";
import { leadUntil } from "./lead.ts";

export interface StartAutomationOptions extends AutomationDeps {
  readonly url: string;
  /** Tells that something was committed: see `EventSignal`. */
  readonly events: {
    count(): number;
    next(since: number, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  };
}

/** Nothing that is told is waited for longer than that. */
const lookEveryMs = 1_000;
/** Events come in swarms: so long at least between two looks. */
const restMs = 200;
/** A look at large assets costs something, and while they are made there is always a reason to look: it rests so many times as long as it took. */
const restFactor = 5;
const maxRestMs = 10_000;
/** After a failure: longer than a database needs to come back, shorter than anybody waits. */
const mendMs = 2_000;

/** Evaluates conditions, schedules and sensors for as long as this process leads, until disposed. Any number of processes may do so: one of them evaluates. */
export function startAutomation(options: StartAutomationOptions): AsyncDisposable {
  const closing = new AbortController();
  const leading = leadUntil(
    {
      url: options.url,
      environment: options.environment,
      logger: options.logger,
      work: async (signal) => {
        options.logger.info({ environment: options.environment }, "this process evaluates automation");
        await Promise.all([watch(options, signal), sense(options, signal)]);
      },
    },
    closing.signal,
  );
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await leading;
    },
  };
}

/** Conditions and schedules: looked at when something was committed, and each minute, in which a tick may have come or a window of time may have ended. */
async function watch(options: StartAutomationOptions, signal: AbortSignal): Promise<void> {
  let known = "";
  while (!signal.aborted) {
    const told = options.events.count();
    const beganAt = performance.now();
    await mending(options, signal, async () => {
      await lookAtSchedules(options);
      const minute = Math.floor(options.now().getTime() / 60_000);
      const now = `${await findLastSequence(options.db)} ${options.project().generation} ${minute}`;
      if (now === known) return;
      known = "";
      if (await lookAtConditions(options)) known = now;
    });
    const tookMs = performance.now() - beganAt;
    await sleep(Math.min(maxRestMs, Math.max(restMs, restFactor * tookMs)), undefined, { signal }).catch(() => {});
    if (known !== "") await options.events.next(told, lookEveryMs, signal);
  }
}

async function sense(options: StartAutomationOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let waitMs = lookEveryMs;
    await mending(options, signal, async () => {
      waitMs = Math.min(lookEveryMs, Math.max(restMs, await lookAtSensors(options, signal)));
    });
    await sleep(waitMs, undefined, { signal }).catch(() => {});
  }
}

/** A look that fails is taken again: the ledger may be away for a while. */
async function mending(options: StartAutomationOptions, signal: AbortSignal, look: () => Promise<void>): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (signal.aborted) return;
    options.logger.warn({ error: String(error) }, "automation could not be evaluated, and is tried again");
    await sleep(mendMs, undefined, { signal }).catch(() => {});
  }
}
