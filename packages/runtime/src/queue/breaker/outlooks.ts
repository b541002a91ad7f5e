import type { ResourceUse } from "@watersmeet/core";
import type { EndedAttempt } from "../record/accepted-attempt.ts";
import type { ResourceOutlook, SpentBudget } from "../step-machine.ts";
import type { StoredBreaker, Suspect } from "./read-breakers.ts";
import { judgeAttempt } from "./rules/judge-attempt.ts";
import { isWithinBudget } from "./rules/retry-budget.ts";

/** An attempt whose step it still holds, of an asset with resources. */
export interface ResourceAttempt {
  readonly ended: EndedAttempt;
  readonly resources: readonly ResourceUse[];
  readonly store: string;
}

/** Who must leave a resource alone now. */
export interface Held {
  /** All; `null`: not all. */
  readonly breaker: { readonly until: Date | null; readonly reason: string } | null;
  /** Single workers, now. */
  readonly suspects: readonly Suspect[];
}

/** How many retries were taken from budgets while moves were decided. */
export interface RetryCounter {
  countOf(resource: string, workerId: string): number;
}

/** What moves have to heed of the resources that an attempt used. */
export function createOutlooks(
  breakers: ReadonlyMap<string, StoredBreaker>,
  { attempts, held }: { readonly attempts: readonly ResourceAttempt[]; readonly held: ReadonlyMap<string, Held> },
): { readonly outlookOf: (ended: EndedAttempt) => ResourceOutlook | undefined; readonly retries: RetryCounter } {
  const namesOf = new Map(attempts.map(({ ended, resources }) => [ended, resources.map(({ name }) => name)]));
  const taken = new Map<string, number>();
  const key = (resource: string, workerId: string): string => JSON.stringify([resource, workerId]);
  const takenOf = (resource: string): number => {
    const workers = new Set(attempts.map(({ ended }) => ended.workerId));
    return [...workers].reduce((sum, workerId) => sum + (taken.get(key(resource, workerId)) ?? 0), 0);
  };
  const usedOf = (resource: string, breaker: StoredBreaker): SpentBudget => ({
    resource,
    attempts:
      breaker.counts.reduce((sum, each) => sum + each.attempts, 0) +
      attempts.filter(({ ended }) => namesOf.get(ended)?.includes(resource) === true).length,
    retries: breaker.counts.reduce((sum, each) => sum + each.retries, 0) + takenOf(resource),
  });

  const takeRetry = (names: readonly string[], workerId: string): SpentBudget | null => {
    for (const name of names) {
      const breaker = breakers.get(name);
      if (breaker === undefined || breaker.retryBudget === null) continue;
      const used = usedOf(name, breaker);
      if (!isWithinBudget(used, breaker.retryBudget)) return used;
    }
    for (const name of names) taken.set(key(name, workerId), (taken.get(key(name, workerId)) ?? 0) + 1);
    return null;
  };
  return {
    retries: { countOf: (resource, workerId) => taken.get(key(resource, workerId)) ?? 0 },
    outlookOf(ended) {
      const names = (namesOf.get(ended) ?? []).filter((name) => breakers.has(name));
      if (names.length === 0) return undefined;
      return { open: findOpen(ended, names, held), takeRetry: () => takeRetry(names, ended.workerId) };
    },
  };
}

/** Of the resources at which the attempt failed: one that its worker must leave alone. */
function findOpen(
  ended: EndedAttempt,
  names: readonly string[],
  held: ReadonlyMap<string, Held>,
): ResourceOutlook["open"] {
  for (const resource of names) {
    if (judgeAttempt(ended.outcome, resource)?.kind !== "bad") continue;
    const found = held.get(resource);
    const own = found?.suspects.find((suspect) => suspect.workerId === ended.workerId);
    const open = found?.breaker ?? own;
    if (open !== undefined) return { resource, until: open.until, reason: open.reason };
  }
  return null;
}
