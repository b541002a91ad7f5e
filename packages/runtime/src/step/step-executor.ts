import { ExchangeCache } from "./files/exchange-cache.ts";
import { sweepSaved } from "./files/saved-directories.ts";
import { nameSession, removeSession, sweepDeadSessions } from "./files/session-directories.ts";
import { runStep } from "./run-step.ts";
import type { StepExecutorDeps } from "./step-work.ts";
import type { StepExecutor } from "./step.ts";

/** Files of input rows that nobody reads are kept up to this size, for steps that read the same versions. */
const exchangeBytes = 2 * 1_024 ** 3;

async function sweep(stateDirectory: string): Promise<void> {
  await sweepDeadSessions(stateDirectory);
  await sweepSaved(stateDirectory, Date.now());
}

/** Runs attempts, any number at a time; how many of them call user code at once is the child pool's to say. */
export function createStepExecutor(deps: StepExecutorDeps): StepExecutor {
  const directories = nameSession(deps.stateDirectory);
  const exchange = new ExchangeCache(directories.exchange, exchangeBytes);
  const swept = sweep(deps.stateDirectory);
  // Reported by the first attempt, which awaits it.
  swept.catch(() => {});
  return {
    async execute(step, listener, signal) {
      await swept;
      return runStep(deps, { step, listener, signal, exchange, stagingDirectory: directories.staging });
    },
    async [Symbol.asyncDispose]() {
      await swept;
      await removeSession(directories);
    },
  };
}
