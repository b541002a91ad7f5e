import { listOrdinals, type AssetKey, type PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import { readFreezes, type Freeze } from "../../ledger/decisions.ts";
import { readOrders } from "../../ledger/merge-orders.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { MaterializationId, RunId } from "../../ledger/records.ts";
import type { ClaimedStep, InputVersion, StepFailure } from "../../step/step.ts";
import type { RunCode, PinnedCode } from "../deploy/pinned-code.ts";
import { findStepOf, getAssetOf, getPartitionOf, type RunShape, type ShapeInput } from "../shape/run-shape.ts";
import type { ShapeOf, StoredShape } from "../shape/shape-cache.ts";
import type { AttemptOutcome } from "../step-machine.ts";
import { findHeads, type HeadRow, type HeadsOfRuns } from "./find-heads.ts";
import { findReadableHeads, placeKey } from "./readable-heads.ts";
import type { HeldStep } from "./take-ready.ts";
import type { VersionMemory, VersionRow } from "./version-memory.ts";

/** A claimed step, ready to be executed. */
export interface ResolvedStep {
  readonly held: HeldStep;
  readonly claimed: ClaimedStep;
  /** Records of `claimed.inputs`, in their order. */
  readonly inputIds: readonly MaterializationId[];
  /** How it ends without being executed; `null`: it is executed. */
  readonly ending: Extract<AttemptOutcome, { kind: "failed" | "unchanged" | "released" }> | null;
}

export interface ResolveDeps {
  readonly shapeOf: ShapeOf;
  readonly installationId: string;
  readonly memory: VersionMemory;
  /** Heads that were looked up with the claim. Of merges they are looked up again. @default none were */
  readonly heads?: HeadsOfRuns | undefined;
  /** What runs are pinned to, and what of it this worker has. @default what they were planned with, all of it */
  readonly code?: RunCode;
}

/**
 * What claimed steps read: of each input partition the version that this run made, else the version that the plan pinned, else, for an optional
 * input whose step failed, the version that readers see. Partitions that have none are left out. So are steps that were given to somebody else meanwhile.
 */
export async function resolveInputs(
  db: LedgerDb,
  held: readonly HeldStep[],
  deps: ResolveDeps,
): Promise<readonly ResolvedStep[]> {
  const { installationId, memory, code } = deps;
  const claimed: ResolvedStep[] = [];
  for (const [runId, steps] of Map.groupBy(held, (step) => step.runId)) {
    const shape = await deps.shapeOf(db, runId);
    const heads = deps.heads?.get(runId) ?? null;
    const pins = (await code?.pinned(db, runId)) ?? [];
    claimed.push(...(await resolveRun(db, { runId, steps, shape, installationId, memory, heads, pins, code })));
  }
  return claimed;
}

interface RunPart {
  readonly runId: RunId;
  readonly steps: readonly HeldStep[];
  readonly shape: StoredShape;
  readonly installationId: string;
  readonly memory: VersionMemory;
  readonly heads: ReadonlyMap<string, HeadRow> | null;
  /** By position; absent: as planned. */
  readonly pins: readonly PinnedCode[];
  readonly code: RunCode | undefined;
}

async function resolveRun(db: LedgerDb, claim: RunPart): Promise<readonly ResolvedStep[]> {
  const { environment } = claim.shape.plan;
  const isMerge = (step: HeldStep): boolean => getAssetOf(claim.shape, step.ordinal).wait !== null;
  const unknown = claim.heads === null ? claim.steps : claim.steps.filter(isMerge);
  const heads = new Map([...(claim.heads ?? []), ...(await findHeads(db, environment, unknown))]);
  const gone = await findGone(db, claim.runId, unknown);
  const part = { ...claim, steps: claim.steps.filter((step) => !gone.has(step.ordinal)) };
  const known = findKnown(part);
  const reads = part.steps.map((step, index) => (known[index] === null ? listReads(part.shape, step) : []));
  const found = await findVersions(db, { ...part, environment, reads: reads.flat() });
  const decidedOf = await readDecided(db, part);
  return part.steps.map((step, index) => {
    const asset = getAssetOf(part.shape, step.ordinal);
    const pinned = part.pins[asset.position] ?? { ...asset.planned, refusal: null };
    const reason = asset.planned.run[step.reason]?.reason ?? { kind: "missing" };
    const inputs = known[index] ?? (reads[index] ?? []).flatMap((read) => found.find(read) ?? []);
    const head = heads.size === 0 ? null : (heads.get(placeKey(step)) ?? null);
    const claimed: ClaimedStep = {
      runId: part.runId,
      ordinal: step.ordinal,
      environment,
      asset: step.asset,
      partition: step.partition,
      reason,
      codeVersion: pinned.codeVersion,
      schemaVersion: pinned.schemaVersion,
      attempt: step.attempt,
      attemptId: `${part.installationId}_${part.runId}_${step.ordinal}_${step.attempt}`,
      isForced: reason.kind === "forced",
      inputs: inputs.map(({ input }) => input),
      head,
      orders: decidedOf(step).orders,
      traceId: part.shape.traceId,
      ...describeDecision(step, { reads: reads[index] ?? [], isMade: (read) => found.isMade(read) }),
    };
    const refusal = pinned.refusal ?? decidedOf(step).refusal;
    const isOurs = part.code?.isLoaded(step.asset, pinned) ?? true;
    const ending =
      refusal === null
        ? (handBack(isOurs) ?? keepPinned(claimed, head))
        : ({ kind: "failed", failure: refusal } as const);
    return { held: step, claimed, inputIds: inputs.map(({ id }) => id), ending };
  });
}

/**
 * Those of some steps that were given to somebody else since they were claimed. Asked after their heads were looked up: who holds a step now was the only one who could move its head until
 * then. One who had lost it before could take what another attempt had published for the state to begin from, and take readers back (the simulation finds it).
 */
async function findGone(db: LedgerDb, runId: RunId, steps: readonly HeldStep[]): Promise<ReadonlySet<number>> {
  if (steps.length === 0) return new Set();
  const { rows } = await sql<{ ordinal: number }>`
    select claimed.ordinal from unnest(
      ${steps.map(() => runId)}::bigint[], ${steps.map((step) => step.ordinal)}::integer[], ${steps.map((step) => step.attempt)}::integer[],
      ${steps.map((step) => step.hold ?? null)}::integer[]) as claimed (run_id, ordinal, attempt, hold)
    left join watersmeet.step on step.run_id = claimed.run_id and step.ordinal = claimed.ordinal
      and step.attempt = claimed.attempt and step.state = 'running'
    where step.run_id is null and not exists (
      select from watersmeet.step_hold where step_hold.run_id = claimed.run_id and step_hold.revision = claimed.hold)`.execute(
    db,
  );
  return new Set(rows.map((row) => row.ordinal));
}

/** A plan leaves pinned versions out. One that readers were taken back to since it was made stays as well, unless the run is to overrule it. */
function keepPinned({ isForced }: ClaimedStep, head: HeadRow | null): ResolvedStep["ending"] {
  return head === null || !head.isPinned || isForced ? null : { kind: "unchanged", commitId: head.commitId };
}

/** A run that was pinned to other code since the claim, or code that was loaded anew: the step is for another worker, or for later. */
function handBack(isOurs: boolean): ResolvedStep["ending"] {
  return isOurs ? null : { kind: "released" };
}

interface Decided {
  readonly orders: ClaimedStep["orders"];
  readonly refusal: StepFailure | null;
}

/** What people decided about the merges among the steps, read when they are claimed: a decision counts for every step that begins after it. */
async function readDecided(db: LedgerDb, { shape, steps }: RunPart): Promise<(step: HeldStep) => Decided> {
  const { environment } = shape.plan;
  const merges = steps.filter((step) => getAssetOf(shape, step.ordinal).wait !== null);
  if (merges.length === 0) return () => undecided;
  const assets = [...new Set(merges.map((step) => step.asset))].map((asset) => ({ environment, asset }));
  const places = merges.map(({ asset, partition }) => ({ environment, asset, partition }));
  const [orders, freezes] = await Promise.all([readOrders(db, places), readFreezes(db, assets)]);
  const refusals = new Map(assets.map(({ asset }, index) => [asset, describeFreeze(asset, freezes[index] ?? null)]));
  const decided = new Map(
    merges.map((step, index) => [
      step.ordinal,
      { orders: orders[index] ?? null, refusal: refusals.get(step.asset) ?? null },
    ]),
  );
  return (step) => decided.get(step.ordinal) ?? undecided;
}

const undecided: Decided = { orders: null, refusal: null };

function describeFreeze(asset: AssetKey, freeze: Freeze | null): StepFailure | null {
  if (freeze === null) return null;
  return {
    class: "permanent",
    code: "MERGE_FROZEN",
    message: `${asset} was frozen by ${freeze.by} at ${freeze.at.toISOString()}, and publishes nothing until it is unfrozen: ${freeze.reason}`,
    hint: `Find out why the rows differ: \`watersmeet verify ${asset}\`. Then \`watersmeet unfreeze ${asset}\`, and retry the run.`,
    stack: null,
    details: null,
    retryAfterMs: null,
  };
}

/** One partition of one input. */
interface Read {
  readonly position: string;
  /** Name of the parameter. */
  readonly branch: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  /** Step of this run that makes it. */
  readonly madeBy: number | null;
  readonly pinned: string | null;
}

function listReads(shape: RunShape, step: HeldStep): readonly Read[] {
  const asset = getAssetOf(shape, step.ordinal);
  const own = getPartitionOf(asset, step.ordinal);
  return asset.inputs.flatMap((input) => {
    const upstream = input.from === null ? undefined : shape.assets[input.from];
    const pins = shape.plan.pins[input.planned.asset];
    return [...listOrdinals(input.mapping.toUpstream([own, own + 1]))].map((ordinal): Read => {
      const partition = input.upstreamSpace.keyAt(ordinal);
      return {
        position: input.planned.position,
        branch: input.planned.name,
        asset: input.planned.asset,
        partition,
        madeBy: upstream === undefined ? null : (findStepOf(upstream, ordinal) ?? null),
        pinned: pins?.[partition] ?? null,
      };
    });
  });
}

interface ResolvedInput {
  readonly id: MaterializationId;
  readonly input: InputVersion;
}

/**
 * Of each step what it reads, when the run itself has made all of it and this process remembers it: most steps of most runs. `null`: it has to be looked up.
 * What many steps read alike is listed once.
 */
function findKnown({ runId, shape, steps, memory }: RunPart): readonly (readonly ResolvedInput[] | null)[] {
  const shared = new Map<ShapeInput, readonly ResolvedInput[] | null>();
  const findInput = (input: ShapeInput, own: number): readonly ResolvedInput[] | null => {
    const upstream = input.from === null ? undefined : shape.assets[input.from];
    if (upstream === undefined || shape.plan.pins[input.planned.asset] !== undefined) return null;
    const found: ResolvedInput[] = [];
    const { position, asset } = input.planned;
    for (const ordinal of input.mapping.isIdentity ? [own] : listOrdinals(input.mapping.toUpstream([own, own + 1]))) {
      const madeBy = findStepOf(upstream, ordinal);
      const row = madeBy === undefined ? undefined : memory.find(runId, madeBy);
      if (row === undefined) return null;
      const { version, commit_id: commitId, data_digest: dataDigest } = row;
      const partition = input.upstreamSpace.keyAt(ordinal);
      found.push({ id: row.id, input: { position, asset, partition, version, commitId, dataDigest } });
    }
    return found;
  };
  return steps.map((step) => {
    if (step.decision != null) return null;
    const asset = getAssetOf(shape, step.ordinal);
    const own = getPartitionOf(asset, step.ordinal);
    const all: ResolvedInput[] = [];
    for (const input of asset.inputs) {
      const found = shared.get(input) ?? findInput(input, own);
      if (found === null) return null;
      if (input.mapping.isConstant && !input.mapping.isIdentity) shared.set(input, found);
      for (const each of found) all.push(each);
    }
    return all;
  });
}

interface FoundVersions {
  find(read: Read): ResolvedInput | undefined;
  /** Whether it is what the run made or pinned, not the last good version of a branch that is missing. */
  isMade(read: Read): boolean;
}

/** Branches that came since the decision are read as they came, and are missing no more. */
function describeDecision(
  { decision }: HeldStep,
  { reads, isMade }: { readonly reads: readonly Read[]; readonly isMade: (read: Read) => boolean },
): Pick<ClaimedStep, "decision"> {
  if (decision === undefined || decision === null || decision.kind === "complete") return {};
  const absent = new Set(reads.filter((read) => read.madeBy !== null && !isMade(read)).map((read) => read.branch));
  const missing = decision.missing.filter((branch) => absent.has(branch));
  return missing.length === 0 ? {} : { decision: { ...decision, missing } };
}

async function findVersions(
  db: LedgerDb,
  options: {
    readonly runId: RunId;
    readonly environment: string;
    readonly reads: readonly Read[];
    readonly memory: VersionMemory;
  },
): Promise<FoundVersions> {
  const made = await findMade(db, options, new Set(options.reads.flatMap((read) => read.madeBy ?? [])));
  const pinned = await findPinned(db, [...new Set(options.reads.flatMap((read) => read.pinned ?? []))]);
  const direct = (read: Read): VersionRow | undefined =>
    (read.madeBy === null ? undefined : made.get(read.madeBy)) ??
    (read.pinned === null ? undefined : pinned.get(read.pinned));
  const others = options.reads.filter((read) => direct(read) === undefined);
  const heads = await findReadableHeads(db, options.environment, others);
  const find = (read: Read): ResolvedInput | undefined => {
    const row = direct(read) ?? heads.get(placeKey(read));
    if (row === undefined) return undefined;
    const { position, asset, partition } = read;
    const input = {
      position,
      asset,
      partition,
      version: row.version,
      commitId: row.commit_id,
      dataDigest: row.data_digest,
    };
    return { id: row.id, input };
  };
  return { find, isMade: (read) => direct(read) !== undefined };
}

async function findMade(
  db: LedgerDb,
  options: { readonly runId: RunId; readonly memory: VersionMemory },
  ordinals: ReadonlySet<number>,
): Promise<ReadonlyMap<number, VersionRow>> {
  const made = new Map<number, VersionRow>();
  const unknown: number[] = [];
  for (const ordinal of ordinals) {
    const known = options.memory.find(options.runId, ordinal);
    if (known === undefined) unknown.push(ordinal);
    else made.set(ordinal, known);
  }
  if (unknown.length === 0) return made;
  const { rows } = await sql<VersionRow & { readonly ordinal: number }>`
    select step.ordinal, materialization.id, version, commit_id, data_digest
    from watersmeet.step join watersmeet.materialization on materialization.id = step.materialization_id
    where step.run_id = ${options.runId} and step.ordinal = any(${unknown}::integer[])`.execute(db);
  for (const row of rows) made.set(row.ordinal, row);
  return made;
}

async function findPinned(db: LedgerDb, commitIds: readonly string[]): Promise<ReadonlyMap<string, VersionRow>> {
  if (commitIds.length === 0) return new Map();
  const { rows } = await sql<VersionRow>`
    select materialization.id, version, commit_id, data_digest from watersmeet.materialization
    where commit_id = any(${[...commitIds]}::text[]) order by id`.execute(db);
  // The same commit may lie in a store that was used before: the last record is the one of now.
  return new Map(rows.map((row) => [row.commit_id, row]));
}
