import { listOrdinals, type AssetKey, type PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { RunId } from "../ledger/records.ts";
import type { ClaimedStep, InputVersion } from "../step/step.ts";
import type { HeldStep } from "./claim-steps.ts";
import { findStepOf, getAssetOf, getPartitionOf, type RunShape } from "./run-shape.ts";
import type { ShapeOf } from "./shape-cache.ts";

/**
 * What claimed steps read: of each input partition the version that this run made, else the version that the plan pinned, else, for an optional
 * input whose step failed, the version that readers see. Partitions that have none are left out.
 */
export async function resolveInputs(
  db: LedgerDb,
  held: readonly HeldStep[],
  deps: { readonly shapeOf: ShapeOf; readonly installationId: string },
): Promise<readonly ClaimedStep[]> {
  const claimed: ClaimedStep[] = [];
  for (const [runId, steps] of Map.groupBy(held, (step) => step.runId)) {
    claimed.push(
      ...(await resolveRun(db, {
        runId,
        steps,
        shape: await deps.shapeOf(db, runId),
        installationId: deps.installationId,
      })),
    );
  }
  return claimed;
}

interface RunPart {
  readonly runId: RunId;
  readonly steps: readonly HeldStep[];
  readonly shape: RunShape;
  readonly installationId: string;
}

async function resolveRun(db: LedgerDb, part: RunPart): Promise<readonly ClaimedStep[]> {
  const run = await db
    .selectFrom("run")
    .select(["environment", "trace_id"])
    .where("id", "=", part.runId)
    .executeTakeFirstOrThrow();
  const reads = part.steps.map((step) => listReads(part.shape, step));
  const found = await findVersions(db, { ...part, environment: run.environment, reads: reads.flat() });
  const heads = await findHeads(db, run.environment, part.steps);
  return part.steps.map((step, index) => {
    const asset = getAssetOf(part.shape, step.ordinal);
    const reason = asset.planned.run[step.reason]?.reason ?? { kind: "missing" };
    return {
      runId: part.runId,
      ordinal: step.ordinal,
      environment: run.environment,
      asset: step.asset,
      partition: step.partition,
      reason,
      codeVersion: asset.planned.codeVersion,
      schemaVersion: asset.planned.schemaVersion,
      attempt: step.attempt,
      attemptId: `${part.installationId}_${part.runId}_${step.ordinal}_${step.attempt}`,
      isForced: reason.kind === "forced",
      inputs: (reads[index] ?? []).flatMap((read) => found(read) ?? []),
      head: heads.get(headKey(step)) ?? null,
      traceId: run.trace_id,
    };
  });
}

/** One partition of one input. */
interface Read {
  readonly position: string;
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
        asset: input.planned.asset,
        partition,
        madeBy: upstream === undefined ? null : (findStepOf(upstream, ordinal) ?? null),
        pinned: pins?.[partition] ?? null,
      };
    });
  });
}

interface VersionRow {
  readonly version: number;
  readonly commit_id: string;
  readonly data_digest: string;
}

async function findVersions(
  db: LedgerDb,
  options: { readonly runId: RunId; readonly environment: string; readonly reads: readonly Read[] },
): Promise<(read: Read) => InputVersion | undefined> {
  const made = await findMade(db, options.runId, [...new Set(options.reads.flatMap((read) => read.madeBy ?? []))]);
  const pinned = await findPinned(db, [...new Set(options.reads.flatMap((read) => read.pinned ?? []))]);
  const direct = (read: Read): VersionRow | undefined =>
    (read.madeBy === null ? undefined : made.get(read.madeBy)) ??
    (read.pinned === null ? undefined : pinned.get(read.pinned));
  const others = options.reads.filter((read) => direct(read) === undefined);
  const heads = await findHeads(db, options.environment, others);
  return (read) => {
    const row = direct(read) ?? heads.get(headKey(read));
    if (row === undefined) return undefined;
    const { position, asset, partition } = read;
    return { position, asset, partition, version: row.version, commitId: row.commit_id, dataDigest: row.data_digest };
  };
}

async function findMade(
  db: LedgerDb,
  runId: RunId,
  ordinals: readonly number[],
): Promise<ReadonlyMap<number, VersionRow>> {
  if (ordinals.length === 0) return new Map();
  const { rows } = await sql<VersionRow & { readonly ordinal: number }>`
    select step.ordinal, version, commit_id, data_digest
    from unnest(${[...ordinals]}::integer[]) as wanted (ordinal)
    join watersmeet.step on step.run_id = ${runId} and step.ordinal = wanted.ordinal
    join watersmeet.materialization on materialization.id = step.materialization_id`.execute(db);
  return new Map(rows.map((row) => [row.ordinal, row]));
}

async function findPinned(db: LedgerDb, commitIds: readonly string[]): Promise<ReadonlyMap<string, VersionRow>> {
  if (commitIds.length === 0) return new Map();
  const { rows } = await sql<VersionRow>`
    select version, commit_id, data_digest from watersmeet.materialization
    where commit_id = any(${[...commitIds]}::text[]) order by id`.execute(db);
  // The same commit may lie in a store that was used before: the last record is the one of now.
  return new Map(rows.map((row) => [row.commit_id, row]));
}

interface Place {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
}

function headKey({ asset, partition }: Place): string {
  return `${asset}@${partition}`;
}

interface HeadRow extends VersionRow {
  readonly commitId: string;
}

async function findHeads(
  db: LedgerDb,
  environment: string,
  places: readonly Place[],
): Promise<ReadonlyMap<string, HeadRow>> {
  if (places.length === 0) return new Map();
  const { rows } = await sql<HeadRow & Place>`
    select head.asset, head.partition, version, commit_id, commit_id as "commitId", data_digest
    from unnest(${places.map((place) => place.asset)}::text[], ${places.map((place) => place.partition)}::text[]) as wanted (asset, partition)
    join watersmeet.head on head.environment = ${environment} and head.asset = wanted.asset and head.partition = wanted.partition
    join watersmeet.materialization on materialization.id = head.materialization_id
    left join watersmeet.store on store.name = materialization.store
    where store.store_id is null or store.store_id = materialization.store_id`.execute(db);
  return new Map(rows.map((row) => [headKey(row), row]));
}
