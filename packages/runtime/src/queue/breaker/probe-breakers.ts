import { sql } from "kysely";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import { describeMove } from "./describe-move.ts";
import { lockBreakers, readBreakers } from "./read-breakers.ts";
import { decideBreaker, phaseOf } from "./rules/decide-breaker.ts";
import { judgeProbe, type ProbeFailure } from "./rules/judge-probe.ts";
import { moveBreaker } from "./write-breakers.ts";

/** The right to ask one resource whether it is back. */
export interface BegunProbe {
  readonly resource: string;
  /** Of the breaker; a probe that ends in another one tells nothing. */
  readonly generation: string;
}

/**
 * Takes the probes that are due, of these resources: one worker has each, for so long. Who dies with it keeps nobody: when its time has passed, a step is tried.
 */
export async function beginProbes(
  db: LedgerDb,
  resources: readonly string[],
  leaseMs: number,
): Promise<readonly BegunProbe[]> {
  const { rows } = await sql<BegunProbe>`
    update watersmeet.breaker set probing_until = now() + ${leaseMs}::float8 * interval '1 millisecond'
    where ctid = any(array(
      select ctid from watersmeet.breaker
      where resource = any(${[...resources]}::text[]) and state = 'open' and retry_at <= now() and probe_ok = 0 and probing_until is null
        and (settings->>'hasProbe')::boolean
      for no key update skip locked))
    returning resource, generation`.execute(db);
  return rows;
}

/** Puts down what a probe came to; `failure` is `null` when it returned. Gives whether steps may have been let through. */
export async function endProbe(
  db: LedgerDb,
  probe: BegunProbe,
  { failure, random }: { readonly failure: ProbeFailure | null; readonly random: number },
): Promise<boolean> {
  const { resource } = probe;
  const observation = judgeProbe(failure);
  return db.transaction().execute(async (tx) => {
    await lockBreakers(tx, [resource]);
    const breaker = (await readBreakers(tx, [resource])).get(resource);
    const settings = breaker?.settings ?? null;
    if (breaker === undefined || settings === null || breaker.generation !== probe.generation) return false;
    if (phaseOf(breaker, breaker.now) !== "halfOpen") return false;
    const { now, counts } = breaker;
    const seen = [{ observation, isProbe: true }];
    const move = decideBreaker({ breaker, now, seen, counts, activeWorkers: 1, settings, random });
    if (move === null) {
      await sql`update watersmeet.breaker set probing_until = now() where resource = ${resource}`.execute(tx);
      return true;
    }
    await moveBreaker(tx, breaker, move);
    await insertEvents(tx, describeMove(breaker, move));
    return move.kind !== "open";
  });
}
