import { EarlierCommits, type AskedStep } from "./earlier-commits.ts";
import { ExchangeCache } from "./files/exchange-cache.ts";
import { sweepSaved } from "./files/saved-directories.ts";
import { nameSession, removeSession, sweepDeadSessions } from "./files/session-directories.ts";
import { identifyStep } from "./prepare.ts";
import { runStep } from "./run-step.ts";
import type { StepExecutorDeps } from "./step-work.ts";
import type { ClaimedStep, StepExecutor } from "./step.ts";

/** Files of input rows that nobody reads are kept up to this size, for steps that read the same versions. */
const exchangeBytes = 2 * 1_024 ** 3;

async function sweep(stateDirectory: string): Promise<void> {
  await sweepDeadSessions(stateDirectory);
  await sweepSaved(stateDirectory, Date.now());
}

/** `null`: what is wrong with the step is told when it is executed. */
function tryToIdentify(deps: StepExecutorDeps, step: ClaimedStep): AskedStep | null {
  try {
    const { store, commitId } = identifyStep(deps, deps.project(), step);
    return { step, store, commitId };
  } catch {
    return null;
  }
}

/** Runs attempts, any number at a time; how many of them call user code at once is the child pool's to say. */
export function createStepExecutor(deps: StepExecutorDeps): StepExecutor {
  const directories = nameSession(deps.stateDirectory);
  const exchange = new ExchangeCache(directories.exchange, exchangeBytes);
  const earlier = new EarlierCommits();
  const swept = sweep(deps.stateDirectory);
  // Reported by the first attempt, which awaits it.
  swept.catch(() => {});
  return {
    async execute(step, listener, signal) {
      await swept;
      return runStep(deps, { step, listener, signal, exchange, earlier, stagingDirectory: directories.staging });
    },
    async expect(steps) {
      await earlier.ask(steps.flatMap((step) => tryToIdentify(deps, step) ?? []));
    },
    async [Symbol.asyncDispose]() {
      await swept;
      await removeSession(directories);
    },
  };
}
