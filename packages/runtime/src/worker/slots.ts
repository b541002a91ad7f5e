import type { ResolvedStep } from "../queue/claim/resolve-inputs.ts";
import { roomForSuspects, type SuspectRoom } from "../queue/claim/suspects.ts";
import type { HeldStep } from "../queue/claim/take-ready.ts";
import type { EndedAttempt } from "../queue/record/accepted-attempt.ts";
import type { AttemptOutcome } from "../queue/step-machine.ts";
import type { ClaimedStep, StepExecutor, StepListener } from "../step/step.ts";

/** Why a step that is held must end before its time. */
export type AbortReason = "cancelled" | "released";

export interface Slots {
  /** Takes steps; as many run at once as there are slots, the others wait in order. */
  start(steps: readonly ResolvedStep[]): void;
  /** Gives back what waits for a slot. @default all of it */
  handBack(which?: (step: ClaimedStep) => boolean): void;
  /** Those that wait end at once, those that run as fast as the executor can. */
  abort(which: (step: ClaimedStep) => boolean, reason: AbortReason): void;
  /** Steps that are held: running or waiting here, or being claimed. */
  heldCount(): number;
  /** Room for steps that are being claimed, until the function that this gives is called. */
  reserve(count: number): () => void;
  has(step: HeldStep): boolean;
  runningCount(): number;
  /** How many steps with which a worker has died may come beside those that are held. */
  suspectRoom(): SuspectRoom;
  listRuns(): ReadonlySet<string>;
  /** Mean milliseconds of the last steps; `null` before the first. */
  meanMs(): number | null;
  /** Resolves when nothing is held. */
  whenEmpty(): Promise<void>;
}

export interface SlotsOptions {
  readonly executor: StepExecutor;
  readonly concurrency: number;
  readonly workerId: () => string;
  readonly listen: (step: ClaimedStep) => StepListener;
  readonly onEnded: (ended: EndedAttempt) => void;
}

/** Steps that wait for a commit which they share hold no slot, so that enough of them come together; no more than so many. */
const maxPublishing = 250;

interface Slot {
  readonly step: ResolvedStep;
  readonly controller: AbortController;
  readonly workerId: string;
  abortReason: AbortReason | null;
  /** Whether what is asked for before it has come: until then it waits outside of the slots. */
  isReady: boolean;
}

export function createSlots(options: SlotsOptions): Slots {
  const waiting: Slot[] = [];
  const running = new Set<Slot>();
  /** Of those that run, the ones that hold no slot any more. */
  const publishing = new Set<Slot>();
  let reserved = 0;
  let meanMs: number | null = null;
  let onEmpty: (() => void)[] = [];

  const settle = (slot: Slot, outcome: AttemptOutcome, startedAt: Date): void => {
    options.onEnded(toEnded(slot, outcome, startedAt));
    if (waiting.length + running.size > 0) return;
    const told = onEmpty;
    onEmpty = [];
    for (const resolve of told) resolve();
  };

  const run = async (slot: Slot): Promise<void> => {
    const startedAt = new Date();
    const startedMs = performance.now();
    const leaveSlot = (): void => {
      const elapsedMs = performance.now() - startedMs;
      meanMs = meanMs === null ? elapsedMs : meanMs * 0.95 + elapsedMs * 0.05;
    };
    const outcome = await executeSafely(options, slot, () => {
      if (publishing.size >= maxPublishing || publishing.has(slot)) return;
      publishing.add(slot);
      leaveSlot();
      fill();
    });
    running.delete(slot);
    if (!publishing.delete(slot)) leaveSlot();
    fill();
    settle(
      slot,
      outcome.kind === "cancelled" && slot.abortReason === "released" ? { kind: "released" } : outcome,
      startedAt,
    );
  };

  const fill = (): void => {
    while (running.size - publishing.size < options.concurrency) {
      const next = waiting.findIndex(({ isReady }) => isReady);
      const [slot] = next === -1 ? [] : waiting.splice(next, 1);
      if (slot === undefined) return;
      running.add(slot);
      void run(slot);
    }
  };

  const makeReady = async (started: readonly Slot[], asked: Promise<void>): Promise<void> => {
    await asked;
    for (const slot of started) slot.isReady = true;
    fill();
  };

  const dropWaiting = (which: (step: ClaimedStep) => boolean, reason: AbortReason): void => {
    const now = new Date();
    const dropped = waiting.filter((slot) => which(slot.step.claimed));
    if (dropped.length === 0) return;
    const isDropped = new Set(dropped);
    waiting.splice(0, waiting.length, ...waiting.filter((slot) => !isDropped.has(slot)));
    for (const slot of dropped) settle(slot, { kind: reason }, now);
  };

  const goFirst = (first: readonly Slot[]): void => {
    const place = waiting.findIndex((slot) => slot.step.held.goesFirst !== true);
    waiting.splice(place === -1 ? waiting.length : place, 0, ...first);
  };

  return {
    start(steps) {
      const first: Slot[] = [];
      const asked = askAhead(options.executor, steps);
      const started = steps.map((step): Slot => ({
        step,
        controller: new AbortController(),
        workerId: options.workerId(),
        abortReason: null,
        isReady: asked === null,
      }));
      for (const slot of started) (slot.step.held.goesFirst === true ? first : waiting).push(slot);
      if (first.length > 0) goFirst(first);
      fill();
      if (asked !== null) void makeReady(started, asked);
    },
    handBack(which = () => true) {
      dropWaiting(which, "released");
    },
    abort(which, reason) {
      dropWaiting(which, reason);
      for (const slot of running) {
        if (which(slot.step.claimed) && !slot.controller.signal.aborted) abortSlot(slot, reason);
      }
    },
    heldCount: () => waiting.length + running.size + reserved,
    reserve(count) {
      reserved += count;
      return () => {
        reserved -= count;
      };
    },
    has: (step) =>
      [...waiting, ...running].some(
        ({ step: { held } }) =>
          held.runId === step.runId && held.ordinal === step.ordinal && held.attempt === step.attempt,
      ),
    runningCount: () => running.size,
    suspectRoom: () => roomForSuspects([...waiting, ...running].map((slot) => slot.step.held.crashes)),
    listRuns: () => new Set([...waiting, ...running].map((slot) => slot.step.claimed.runId)),
    meanMs: () => meanMs,
    whenEmpty: () =>
      waiting.length + running.size === 0 ? Promise.resolve() : new Promise((resolve) => onEmpty.push(resolve)),
  };
}

/** `null`: there is nothing to wait for. One step by itself is not worth a wait. */
function askAhead(executor: StepExecutor, steps: readonly ResolvedStep[]): Promise<void> | null {
  const claimed = steps.flatMap((step) => (step.ending === null ? [step.claimed] : []));
  return claimed.length < 2 ? null : (executor.expect?.(claimed) ?? null);
}

function toEnded({ step, workerId }: Slot, outcome: AttemptOutcome, startedAt: Date): EndedAttempt {
  const { inputs, orders, codeVersion, schemaVersion } = step.claimed;
  return {
    step: step.held,
    workerId,
    outcome,
    startedAt,
    finishedAt: new Date(),
    inputs,
    inputIds: step.inputIds,
    orders: orders?.fingerprint ?? null,
    code: { codeVersion, schemaVersion },
  };
}

function abortSlot(slot: Slot, reason: AbortReason): void {
  slot.abortReason = reason;
  slot.controller.abort(new Error(reason === "cancelled" ? "the run was cancelled" : "the worker lets the step go"));
}

/** An executor does not reject; one that does all the same has a defect, which must not cost the worker. */
async function executeSafely(options: SlotsOptions, slot: Slot, onPublishing: () => void): Promise<AttemptOutcome> {
  const { claimed, ending } = slot.step;
  if (ending !== null) return ending;
  try {
    const listener = options.listen(claimed);
    const told = {
      log: (...line: Parameters<StepListener["log"]>) => listener.log(...line),
      progress: (...progress: Parameters<StepListener["progress"]>) => listener.progress(...progress),
      publishing: onPublishing,
    };
    return await options.executor.execute(claimed, told, slot.controller.signal);
  } catch (error) {
    return {
      kind: "failed",
      failure: {
        class: "permanent",
        code: "INTERNAL",
        message: `The executor threw: ${String(error)}`,
        hint: "This is a defect in Watersmeet; please report it with the log.",
        stack: error instanceof Error ? (error.stack ?? null) : null,
        details: null,
        retryAfterMs: null,
      },
    };
  }
}
