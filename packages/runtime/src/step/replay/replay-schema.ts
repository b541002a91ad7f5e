import { rm } from "node:fs/promises";
import type { Epoch } from "@watersmeet/core/merge";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { RunId } from "../../ledger/records.ts";
import type { BatchRecord } from "../../stores/port/merge-records.ts";
import type { Commit, Staged, Store } from "../../stores/store.ts";
import { callUserCode } from "../call-user-code.ts";
import { readCommitRecord } from "../commit-record.ts";
import { EarlierCommits } from "../earlier-commits.ts";
import { ExchangeCache } from "../files/exchange-cache.ts";
import { nameSession, removeSession } from "../files/session-directories.ts";
import { failureOfError } from "../outcome/classify-failure.ts";
import { prepareStep } from "../prepare.ts";
import { stageOutput } from "../stage.ts";
import type { StepExecutorDeps, StepWork } from "../step-work.ts";
import type { ClaimedStep, StepFailure } from "../step.ts";
import { compareRows, type RowDifferences } from "./compare-rows.ts";
import { readBatch, type ReplayedBatch } from "./read-batch.ts";

export interface ReplayRequest {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly environment: string;
  /** In force for the partition. */
  readonly orders: ClaimedStep["orders"];
  /** How many of the batches that count are read of each epoch, the newest first. */
  readonly batchesPerEpoch: number;
  readonly signal: AbortSignal;
}

/** What the code of now makes of what was delivered before. */
export interface SchemaReplay {
  /** Version that readers see, which it is compared with. */
  readonly version: number;
  /** By epoch, then newest first. */
  readonly batches: readonly ReplayedBatch[];
  /** Rows of the keys that these batches speak of, made anew, against the version. `null`: they could not be made. */
  readonly differences: RowDifferences | null;
  /** Why they could not. */
  readonly failure: StepFailure | null;
}

/**
 * Replays a merge over what it has (M42): the last batches of every epoch go through the upcasters of now, and the merge is made anew, in a staging that is dropped, from the inputs of the version
 * that readers see. Nothing is published. `null`: the partition has no version.
 */
export async function replaySchema(deps: StepExecutorDeps, request: ReplayRequest): Promise<SchemaReplay | null> {
  const directories = nameSession(deps.stateDirectory);
  const exchange = new ExchangeCache(directories.exchange, 0);
  try {
    const prepared = await prepareReplay(deps, request, { exchange, stagingDirectory: directories.staging });
    return prepared === null ? null : await replay(prepared, request);
  } finally {
    await removeSession(directories);
  }
}

interface Prepared {
  readonly work: StepWork;
  readonly head: Commit;
}

async function prepareReplay(
  deps: StepExecutorDeps,
  request: ReplayRequest,
  places: { readonly exchange: ExchangeCache; readonly stagingDirectory: string },
): Promise<Prepared | null> {
  const { asset, partition, environment, orders, signal } = request;
  const manifest = deps.project().graph.assets.get(asset);
  const step: ClaimedStep = {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no run makes it, and nothing of it is recorded
    runId: "replay" as RunId,
    ordinal: 0,
    environment,
    asset,
    partition,
    reason: { kind: "forced" },
    codeVersion: manifest?.codeVersion ?? "",
    schemaVersion: manifest?.schemaVersion ?? "",
    attempt: 1,
    attemptId: `replay_${process.pid}_${performance.now().toFixed(0)}`,
    isForced: true,
    inputs: [],
    orders,
    head: null,
    traceId: "replay",
  };
  const listener = { log: () => {}, progress: () => {} };
  const work = prepareStep(deps, { step, listener, signal, earlier: new EarlierCommits(), ...places });
  const head = await findHead(work.store, request);
  if (head === undefined) return null;
  const { version, commitId } = head;
  const inputs = readCommitRecord(head)?.inputs ?? [];
  return { work: { ...work, step: { ...step, inputs, head: { version, commitId } } }, head };
}

async function findHead(store: Store, { environment, asset, partition }: ReplayRequest): Promise<Commit | undefined> {
  const heads = await store.listHeads(environment, asset);
  const head = heads.find((one) => one.partition === partition);
  const [commit] = head === undefined ? [] : await store.findCommits([head.commitId]);
  return commit;
}

async function replay({ work, head }: Prepared, request: ReplayRequest): Promise<SchemaReplay> {
  const epochs = await work.store.merges.listEpochs(request.asset);
  const batches: ReplayedBatch[] = [];
  const keys = new Set<string>();
  for (const { batch, epoch } of await pickBatches(work, epochs, { head, perEpoch: request.batchesPerEpoch })) {
    batches.push(await readBatch(work, { batch, epoch, keys }));
  }
  try {
    const differences = await inStaging(work, (staged) => compareRows(work, { staged, head, epochs, keys }));
    return { version: head.version, batches, ...differences };
  } catch (error) {
    return { version: head.version, batches, differences: null, failure: failureOfError(error) };
  }
}

async function pickBatches(
  { step, store }: StepWork,
  epochs: readonly Epoch[],
  { head, perEpoch }: { readonly head: Commit; readonly perEpoch: number },
): Promise<readonly { readonly batch: BatchRecord; readonly epoch: Epoch }[]> {
  const { asset, partition } = step;
  const limit = Number.MAX_SAFE_INTEGER;
  const live = await store.merges.listBatches({ asset, partition, version: head.version, standing: "live", limit });
  return epochs.flatMap((epoch) =>
    live
      .filter((batch) => batch.epoch === epoch.number)
      .slice(0, perEpoch)
      .map((batch) => ({ batch, epoch })),
  );
}

type Compared = Pick<SchemaReplay, "differences" | "failure">;

async function inStaging(work: StepWork, compare: (staged: Staged) => Promise<RowDifferences>): Promise<Compared> {
  try {
    const called = await callUserCode(work);
    if (called.kind === "ended") return endedWith(called.outcome);
    const staged = await stageOutput(work, called.value, work.signal);
    if (staged.kind === "ended") return endedWith(staged.outcome);
    return { differences: await compare(staged.value), failure: null };
  } finally {
    await rm(work.stagingDirectory, { recursive: true, force: true });
    await work.store.discard(work.target);
  }
}

function endedWith(outcome: { readonly kind: string; readonly failure?: StepFailure }): Compared {
  return { differences: null, failure: outcome.failure ?? null };
}
