import { compareStrings } from "@watersmeet/core/values";
import type { Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { NewEvent } from "../../ledger/events.ts";
import type { EndedAttempt } from "../record/accepted-attempt.ts";
import type { ResourceOutlook } from "../step-machine.ts";
import { addCalls, noCounts, type SeenCall } from "./count-calls.ts";
import { describeMove } from "./describe-move.ts";
import { createOutlooks, type Held, type ResourceAttempt, type RetryCounter } from "./outlooks.ts";
import {
  countActiveWorkers,
  lockBreakers,
  readBreakers,
  readLeases,
  readSuspects,
  readUsualMs,
  type LeaseFacts,
  type StoredBreaker,
  type StoredCounts,
  type Suspect,
} from "./read-breakers.ts";
import { decideBreaker, openMs, phaseOf, type BreakerMove } from "./rules/decide-breaker.ts";
import { findSuspicion } from "./rules/find-trip.ts";
import { judgeAttempt, type Observation } from "./rules/judge-attempt.ts";
import { clearSuspects, moveBreaker, suspectWorker, writeCounts, type CountedBatch } from "./write-breakers.ts";

export interface Observed {
  /** What the next move of an attempt's step has to heed; undefined: nothing. */
  outlookOf(ended: EndedAttempt): ResourceOutlook | undefined;
  /** Of breakers that moved, to be inserted last. */
  readonly events: readonly NewEvent[];
  /** Whether somebody must leave one of the resources alone. */
  readonly isHeld: boolean;
  /** Writes the counts: after every move was decided, for what was tried again counts, too. */
  write(): Promise<void>;
}

/** What is slow takes that many times as long as usual. Source: operations.md 2.2 */
const slowFactor = 4;

/**
 * Lets the breakers see what attempts came to, before their steps move, and while their leases are there. In the transaction that records them. While
 * all is well that is one look and one write for any number of attempts; the breakers are locked only when something failed, or is not as it should be.
 */
export async function observeBreakers(
  tx: Transaction<LedgerDatabase>,
  attempts: readonly ResourceAttempt[],
  random: () => number,
): Promise<Observed> {
  const telling = attempts.filter(({ ended }) => isTelling(ended));
  const names = [...new Set(telling.flatMap(({ resources }) => resources.map(({ name }) => name)))].sort(
    compareStrings,
  );
  if (names.length === 0) return nothing;
  const assets = [...new Set(telling.map(({ ended }) => ended.step.asset))];
  const [before, usualMs] = await Promise.all([readBreakers(tx, names), readUsualMs(tx, assets)]);
  if (before.size === 0) return nothing;
  const isWell =
    telling.every(({ ended }) => ended.outcome.kind !== "failed" && !isSlow(ended, usualMs)) &&
    [...before.values()].every((breaker) => breaker.state === "closed");
  const facts = isWell ? noTrouble(before) : await readTrouble(tx, names, telling);
  const calls = judgeCalls(telling, facts, usualMs);
  const held = new Map<string, Held>();
  const events: NewEvent[] = [];
  if (!isWell) {
    for (const breaker of facts.breakers.values()) {
      const found = await settle(tx, { breaker, facts, calls: calls.get(breaker.resource) ?? [], random: random() });
      held.set(breaker.resource, found.held);
      events.push(...found.events);
    }
  }
  const { outlookOf, retries } = createOutlooks(facts.breakers, { attempts: telling, held });
  const workers = new Set(telling.map(({ ended }) => ended.workerId));
  const isHeld = [...held.values()].some(
    ({ breaker, suspects }) => breaker !== null || suspects.some(({ workerId }) => workers.has(workerId)),
  );
  return { outlookOf, events, isHeld, write: () => writeCounts(tx, listBatches({ facts, calls, retries })) };
}

const nothing: Observed = { outlookOf: () => undefined, events: [], isHeld: false, write: async () => {} };

function isTelling({ outcome }: EndedAttempt): boolean {
  return outcome.kind === "committed" || outcome.kind === "blocked" || outcome.kind === "failed";
}

/** What is known when the attempts are judged. */
interface Facts {
  readonly breakers: ReadonlyMap<string, StoredBreaker>;
  readonly leases: readonly LeaseFacts[];
  readonly suspects: readonly Suspect[];
  readonly activeWorkers: number;
}

function noTrouble(breakers: Facts["breakers"]): Facts {
  return { breakers, leases: [], suspects: [], activeWorkers: 1 };
}

/** Sent together, done in this order: what is read was written before the locks were had. */
async function readTrouble(
  tx: Transaction<LedgerDatabase>,
  names: readonly string[],
  attempts: readonly ResourceAttempt[],
): Promise<Facts> {
  const [, breakers, leases, suspects, activeWorkers] = await Promise.all([
    lockBreakers(tx, names),
    readBreakers(tx, names),
    readLeases(
      tx,
      attempts.map(({ ended }) => ended.step),
    ),
    readSuspects(tx, names),
    countActiveWorkers(tx, [...new Set(attempts.map(({ store }) => store))]),
  ]);
  return { breakers, leases, suspects, activeWorkers };
}

interface JudgedCall extends SeenCall {
  readonly isProbe: boolean;
}

/** By resource, in the order in which they ended. */
function judgeCalls(
  attempts: readonly ResourceAttempt[],
  facts: Facts,
  usualMs: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly JudgedCall[]> {
  const ordered = attempts.toSorted((a, b) => a.ended.finishedAt.getTime() - b.ended.finishedAt.getTime());
  const calls = new Map<string, JudgedCall[]>();
  for (const { ended, resources } of ordered) {
    for (const { name } of resources) {
      const breaker = facts.breakers.get(name);
      if (breaker === undefined) continue;
      const seen = {
        workerId: ended.workerId,
        isSlow: isSlow(ended, usualMs),
        ...judgeAt(breaker, ended, facts.leases),
      };
      const list = calls.get(name);
      if (list === undefined) calls.set(name, [seen]);
      else list.push(seen);
    }
  }
  return calls;
}

/** Nothing is slow while nobody knows what is usual. */
function isSlow({ step, startedAt, finishedAt }: EndedAttempt, usualMs: ReadonlyMap<string, number>): boolean {
  const usual = usualMs.get(step.asset) ?? Number.POSITIVE_INFINITY;
  return finishedAt.getTime() - startedAt.getTime() > slowFactor * usual;
}

/** A call that began before the breaker closed tells of the trouble before; a probe of an earlier opening tells nothing of this one. */
function judgeAt(
  breaker: StoredBreaker,
  ended: EndedAttempt,
  leases: readonly LeaseFacts[],
): { readonly observation: Observation; readonly isProbe: boolean } {
  const { runId, ordinal } = ended.step;
  const lease = leases.find(
    (each) => each.resource === breaker.resource && each.runId === runId && each.ordinal === ordinal,
  );
  const observation = judgeAttempt(ended.outcome, breaker.resource);
  const isOld = lease !== undefined && lease.takenAt < breaker.changedAt;
  const isProbe = lease?.isProbe === true && breaker.retryAt !== null && lease.takenAt >= breaker.retryAt;
  return { observation: breaker.state === "closed" && isOld ? null : observation, isProbe };
}

/** What becomes of one breaker, and of the workers that fail at its resource. */
async function settle(
  tx: Transaction<LedgerDatabase>,
  trouble: {
    readonly breaker: StoredBreaker;
    readonly facts: Facts;
    readonly calls: readonly JudgedCall[];
    readonly random: number;
  },
): Promise<{ readonly held: Held; readonly events: readonly NewEvent[] }> {
  const { breaker, facts, calls, random } = trouble;
  const { settings, now } = breaker;
  const counts = addToWorkers(breaker, calls);
  const move =
    settings === null
      ? null
      : decideBreaker({ breaker, now, seen: calls, counts, activeWorkers: facts.activeWorkers, settings, random });
  if (move !== null && (await moveBreaker(tx, breaker, move))) {
    if (move.kind === "open") await clearSuspects(tx, breaker.resource);
    return { held: heldAfter(breaker, move), events: describeMove(breaker, move) };
  }
  const suspects = facts.suspects.filter((each) => each.resource === breaker.resource);
  if (settings === null || phaseOf(breaker, now) !== "closed")
    return { held: { breaker: openNow(breaker), suspects: [] }, events: [] };
  const found: Suspect[] = [];
  for (const each of counts.filter(({ workerId }) => hasFailed(calls, workerId))) {
    const reason = findSuspicion(each, settings);
    if (reason === null || facts.activeWorkers === 1) continue;
    const times = (suspects.find((other) => other.workerId === each.workerId)?.times ?? 0) + 1;
    const until = new Date(now.getTime() + openMs(times - 1, { settings, random }));
    const suspect = { resource: breaker.resource, workerId: each.workerId, until, times, reason };
    await suspectWorker(tx, suspect);
    found.push(suspect);
  }
  const others = suspects.filter(
    (each) => each.until > now && !found.some(({ workerId }) => workerId === each.workerId),
  );
  return { held: { breaker: null, suspects: [...found, ...others] }, events: found.map(describeSuspect) };
}

function hasFailed(calls: readonly JudgedCall[], workerId: string): boolean {
  return calls.some((call) => call.workerId === workerId && call.observation?.kind === "bad");
}

function addToWorkers(breaker: StoredBreaker, calls: readonly SeenCall[]): readonly StoredCounts[] {
  const known = new Map(breaker.counts.map((each) => [each.workerId, each]));
  for (const [workerId, own] of Map.groupBy(calls, (call) => call.workerId)) {
    known.set(workerId, addCalls(known.get(workerId) ?? { workerId, ...noCounts }, own));
  }
  return [...known.values()];
}

function openNow(breaker: StoredBreaker): Held["breaker"] {
  const phase = phaseOf(breaker, breaker.now);
  if (phase === "closed" || phase === "disabled") return null;
  return { until: breaker.retryAt, reason: breaker.reason ?? "" };
}

function heldAfter(breaker: StoredBreaker, move: BreakerMove): Held {
  if (move.kind === "open") return { breaker: { until: move.retryAt, reason: move.reason }, suspects: [] };
  return { breaker: move.kind === "close" ? null : openNow(breaker), suspects: [] };
}

function describeSuspect({ resource, workerId, until, reason }: Suspect): NewEvent {
  return { kind: "breaker:workerSetApart", body: { resource, worker: workerId, until: until.toISOString(), reason } };
}

function listBatches(parts: {
  readonly facts: Facts;
  readonly calls: ReadonlyMap<string, readonly JudgedCall[]>;
  readonly retries: RetryCounter;
}): readonly CountedBatch[] {
  const batches: CountedBatch[] = [];
  for (const [resource, calls] of parts.calls) {
    const breaker = parts.facts.breakers.get(resource);
    if (breaker === undefined) continue;
    const isCounted = phaseOf(breaker, breaker.now) === "closed";
    for (const [workerId, own] of Map.groupBy(calls, (call) => call.workerId)) {
      const before = breaker.counts.find((each) => each.workerId === workerId);
      const { badStreak = 0, unreachableStreak = 0 } = before ?? {};
      const added = isCounted ? addCalls({ ...noCounts, badStreak, unreachableStreak }, own) : noCounts;
      const retries = parts.retries.countOf(resource, workerId);
      const { generation } = breaker;
      batches.push({ ...added, resource, workerId, generation, attempts: own.length, retries });
    }
  }
  return batches;
}
