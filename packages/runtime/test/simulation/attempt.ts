import type { AttemptOutcome } from "../../src/queue/step-machine.ts";
import type { Commit, CommitRequest } from "../../src/stores/store.ts";
import { nameOf } from "./random.ts";
import type { LedgerHead, RunRow, StepRow } from "./simulated-ledger.ts";
import { environment } from "./simulated-store.ts";
import { hasDefect, type Attempt, type WorkerProcess, type World } from "./world.ts";

/** What an attempt is to make: named by what it is made from, whoever makes it. */
interface Work {
  readonly commitId: string;
  readonly content: string;
  readonly inputs: readonly string[];
  /** What readers see when the step is claimed, by the ledger. */
  readonly base: LedgerHead | null;
}

/** Every look and every act that follows from it are events of their own: between them anything may happen. */
export function startAttempt(
  world: World,
  process: WorkerProcess,
  { run, row }: { readonly run: RunRow; readonly row: StepRow },
): void {
  const attempt: Attempt = { run, row, number: row.attempt, isFenced: false, startedAt: 0 };
  process.held.add(attempt);
  world.act(process, world.random.between(1, 5), 20, () => {
    const work = resolveWork(world, attempt);
    // What readers see now is what the step builds on only while it holds the step: an attempt that wakes up late may not take that for its own.
    if (!world.core.holdsStep(row, attempt.number)) return finish(world, process, attempt, { kind: "released" });
    attempt.startedAt = world.now();
    world.act(process, world.random.between(0, 3), 21, () => findDone(world, process, attempt, work));
  });
}

function resolveWork({ ledger }: World, { run, row }: Attempt): Work {
  const { step } = row;
  const read = step.upstream.flatMap((ordinal): (Commit | LedgerHead)[] => {
    const upstream = run.rows[ordinal];
    if (upstream === undefined) return [];
    const head = ledger.heads.get(`${upstream.step.asset}@${upstream.step.partition}`);
    return upstream.version !== null ? [upstream.version] : head === undefined ? [] : [head];
  });
  const inputs = read.map((version) => version.commitId);
  const digests = read.map((version) => ledger.records.get(version.commitId)?.dataDigest ?? "");
  const identity = [step.asset, step.partition, run.what.code, ...digests];
  return {
    commitId: nameOf("commit", ...identity, ...(run.what.isForced ? [`forced ${run.index}`] : [])),
    content: nameOf("rows", ...identity),
    inputs,
    base: ledger.heads.get(`${step.asset}@${step.partition}`) ?? null,
  };
}

/** The version may be there already: as the head, or in the store without a record. */
function findDone(world: World, process: WorkerProcess, attempt: Attempt, work: Work): void {
  const { store, core, random } = world;
  const { step } = attempt.row;
  const { base, commitId } = work;
  if (base?.commitId === commitId) return finish(world, process, attempt, { kind: "unchanged", commitId });
  const found = store.find(commitId);
  const seen = store.head(step.asset, step.partition);
  const adoption = core.decideAdoption({ found: found?.version ?? null, seen, base: base?.version ?? null });
  if (found === undefined || adoption === "absent") {
    // S11: what is committed is not computed another time.
    if (found !== undefined) world.findings.add("S11", `${step.asset} is computed although its commit was found`);
    world.act(process, random.between(5, 120), 22, () => callUserCode(world, process, attempt, work));
    return;
  }
  if (adoption === "replay") return finish(world, process, attempt, committed({ ...found, isReplay: true }));
  if (adoption === "stale") return finish(world, process, attempt, failed("STORE_STALE", "transient"));
  world.act(process, random.between(1, 10), 23, () => {
    const moveId = `${commitId}:${attempt.run.index}_${step.ordinal}_${attempt.number}`;
    const moved = store.move(found, { moveId, base: base?.version ?? null });
    const outcome = moved === null ? failed("STORE_STALE", "transient") : committed({ ...moved, isReplay: true });
    finish(world, process, attempt, outcome);
  });
}

function callUserCode(world: World, process: WorkerProcess, attempt: Attempt, work: Work): void {
  const { ordinal } = attempt.row.step;
  if (hasDefect(world, "poison", ordinal)) return process.die();
  if (attempt.isFenced) return finish(world, process, attempt, { kind: "released" });
  if (attempt.run.isCancelling) return finish(world, process, attempt, { kind: "cancelled" });
  if (hasDefect(world, "broken", ordinal))
    return finish(world, process, attempt, failed("USER_CODE_THREW", "permanent"));
  if (world.strikes("userFails")) return finish(world, process, attempt, failed("USER_CODE_THREW", "transient"));
  world.act(process, world.random.between(1, 30), 24, () => commit(world, process, attempt, work));
}

function commit(world: World, process: WorkerProcess, attempt: Attempt, work: Work): void {
  if (world.strikes("storeFails")) return finish(world, process, attempt, failed("STORE_UNREACHABLE", "transient"));
  const from = { inputs: work.inputs, code: attempt.run.what.code };
  const made = world.store.commit(requestOf(attempt, work), from, world.now());
  if (made === null) return finish(world, process, attempt, failed("STORE_STALE", "transient"));
  if (!world.strikes("commitUnanswered")) return finish(world, process, attempt, committed(made));
  // A commit without an answer is unknown: its id is looked up, or the next attempt does it.
  world.act(process, world.random.between(1, 50), 25, () => {
    const found = world.strikes("storeFails") ? undefined : world.store.find(work.commitId);
    const outcome = found === undefined ? failed("STORE_COMMIT_UNKNOWN", "transient") : committed(found);
    finish(world, process, attempt, outcome);
  });
}

/** Records the outcome, again and again until the ledger answers; then there is room for another step. */
function finish(world: World, process: WorkerProcess, attempt: Attempt, outcome: AttemptOutcome): void {
  const { run, row, number } = attempt;
  world.act(process, world.random.between(1, 8), 26, () => {
    if (world.strikes("ledgerFails")) return finish(world, process, attempt, outcome);
    const isWritten = world.ledger.record(
      { run, row, attempt: number, startedAt: attempt.startedAt, outcome },
      world.now(),
    );
    world.trace.add(run.index, row.step.ordinal, number, outcome.kind.length, isWritten ? 1 : 0);
    if (world.strikes("ledgerUnanswered")) return finish(world, process, attempt, outcome);
    process.held.delete(attempt);
    process.wake();
    const waitMs = row.notBefore - world.now();
    if (row.state === "ready" && waitMs > 0) world.act(process, waitMs + 1, 27, () => process.wake());
    for (const other of world.processes) if (other !== process && !world.strikes("bellLost")) other.wake();
  });
}

function requestOf({ run, row, number }: Attempt, { commitId, content, base }: Work): CommitRequest {
  const { step } = row;
  const target = { asset: step.stored, partition: step.partition, attempt: `${run.index}_${step.ordinal}_${number}` };
  return {
    commitId,
    environment,
    staged: { target, rowCount: 1, quarantinedCount: 0, batches: [], fates: {} },
    measurement: { rowCount: 1, dataDigest: content, sizeBytes: 1, checks: [] },
    baseVersion: base?.version ?? null,
    record: null,
  };
}

function committed(commit: Commit): AttemptOutcome {
  return {
    kind: "committed",
    commit,
    sizeBytes: 1,
    quarantinedCount: 0,
    facts: null,
    timings: { userMs: 0, stageMs: 0, gateMs: 0, commitMs: 0 },
  };
}

function failed(code: string, kind: "transient" | "permanent"): AttemptOutcome {
  const failure = { class: kind, code, message: code, hint: null, stack: null, details: null, retryAfterMs: null };
  return { kind: "failed", failure };
}
