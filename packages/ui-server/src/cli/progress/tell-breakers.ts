import type { BreakerRecord, Watersmeet } from "@watersmeet/runtime";
import { tell, type CommandDeps } from "../deps.ts";
import { stripControls } from "../render/cells.ts";
import { formatInstant } from "../render/quantities.ts";

const lookMs = 2_000;

/** While nothing moves, says once of each open breaker for which steps wait that it is the reason: a run that stands still must not be a riddle. */
export function tellOpenBreakers(
  watersmeet: Pick<Watersmeet, "breakers">,
  { isStill, deps }: { readonly isStill: () => boolean; readonly deps: CommandDeps },
): AsyncDisposable {
  const told = new Set<string>();
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    if (!isStill()) return;
    for (const breaker of await watersmeet.breakers.list()) {
      if (breaker.waiting === 0 || breaker.phase === "closed" || breaker.phase === "disabled") continue;
      const key = `${breaker.resource} ${breaker.openedAt?.getTime() ?? breaker.changedAt.getTime()}`;
      if (!told.has(key)) tell(deps, describe(breaker));
      told.add(key);
    }
  };
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => tell(deps, `Could not look at the breakers: ${String(error)}`))
      .finally(() => (looking = undefined));
  }, lookMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
    },
  };
}

function describe({ resource, until, reason }: BreakerRecord): string {
  const time = until === null ? "somebody closes its breaker" : `at least ${formatInstant(until)}`;
  return `Steps wait for ${resource}, which is left alone until ${time}: ${stripControls(reason ?? "")}. They lose no attempt; see watersmeet breaker list`;
}
