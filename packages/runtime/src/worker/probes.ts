import { setTimeout as sleep } from "node:timers/promises";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import { beginProbes, endProbe, type BegunProbe } from "../queue/breaker/probe-breakers.ts";
import type { ProbeFailure } from "../queue/breaker/rules/judge-probe.ts";
import type { ResourceLimit } from "../queue/resources.ts";

/** What a probe has, its process included. */
const leaseMs = 15_000;

const lookEveryMs = 250;

/** Asks a resource whether it is back. `null`: it is. `undefined`: it was given up. */
export type AskResource = (
  resource: string,
  signal: AbortSignal,
) => Promise<(ProbeFailure & { readonly message: string }) | null | undefined>;

export interface ProbeOptions {
  readonly db: LedgerDb;
  readonly resources: Readonly<Record<string, ResourceLimit>>;
  readonly ask: AskResource;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onReady: () => void;
}

/** Carries out the probes of breakers that are half-open. Every worker looks, one has each. Free in projects without probes. */
export function startProbes(options: ProbeOptions): AsyncDisposable {
  const names = Object.entries(options.resources).flatMap(([name, { breaker }]) =>
    breaker?.hasProbe === true ? [name] : [],
  );
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const begun = await beginProbes(options.db, names, leaseMs);
        await Promise.all(begun.map((probe) => carryOut(options, probe, stopping.signal)));
      } catch (error) {
        options.logger.warn({ error: String(error) }, "a probe could not be carried out");
      }
      await sleep(lookEveryMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const done = names.length === 0 ? Promise.resolve() : loop();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await done;
    },
  };
}

async function carryOut(options: ProbeOptions, probe: BegunProbe, stopping: AbortSignal): Promise<void> {
  const { db, ask, logger, random } = options;
  const { resource } = probe;
  const failure = await ask(resource, AbortSignal.any([stopping, AbortSignal.timeout(leaseMs)]));
  // Its time passes by itself.
  if (failure === undefined) return;
  if (failure === null) logger.info({ resource }, "a probe came through");
  else logger.warn({ resource, cause: failure.cause, error: failure.message }, "a probe failed");
  if (await endProbe(db, probe, { failure, random: random() })) options.onReady();
}
