import { WatersmeetError } from "@watersmeet/core/errors";
import type { Ledger } from "../../ledger/ledger.ts";
import type { LedgerEvent, RunId, RunRecord } from "../../ledger/records.ts";
import type { EventSignal } from "./event-signal.ts";

const yieldEveryMs = 250;
const pollMs = 1000;
const eventPage = 500;

/** Ends when the run does. Yields at most four times a second, when something has changed, and once at the end. @throws {RUN_NOT_FOUND} */
export async function* followRun(
  deps: { readonly ledger: Ledger; readonly events: EventSignal },
  id: RunId,
  signal?: AbortSignal,
): AsyncGenerator<RunRecord, void, undefined> {
  let yieldedAt = Number.NEGATIVE_INFINITY;
  let shown = "";
  const until = signal ?? new AbortController().signal;
  while (!until.aborted) {
    const seen = deps.events.count();
    const run = await deps.ledger.findRun(id);
    if (run === undefined) throw new WatersmeetError("RUN_NOT_FOUND", `There is no run ${id}`);
    const isOver = hasEnded(run);
    const picture = JSON.stringify(run);
    const sinceMs = performance.now() - yieldedAt;
    if (isOver || (picture !== shown && sinceMs >= yieldEveryMs)) {
      yieldedAt = performance.now();
      shown = picture;
      yield run;
    }
    if (isOver) return;
    await deps.events.next(seen, picture === shown ? yieldEveryMs : Math.max(1, yieldEveryMs - sinceMs), until);
  }
}

export function hasEnded(run: RunRecord): boolean {
  return run.state === "succeeded" || run.state === "failed" || run.state === "cancelled";
}

/** Events after a sequence, or from now on, until the signal. In order, none twice, none left out. */
export async function* followEvents(
  deps: { readonly ledger: Ledger; readonly events: EventSignal; readonly lastSequence: () => Promise<string> },
  since: string | null,
  signal: AbortSignal,
): AsyncGenerator<LedgerEvent, void, undefined> {
  let after = since ?? (await deps.lastSequence());
  while (!signal.aborted) {
    const seen = deps.events.count();
    const { items } = await deps.ledger.listEvents({ after }, { limit: eventPage });
    for (const event of items) {
      if (signal.aborted) return;
      yield event;
      after = event.sequence;
    }
    if (items.length === 0) await deps.events.next(seen, pollMs, signal);
  }
}
