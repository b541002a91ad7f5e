import { WatersmeetError } from "@watersmeet/core/errors";
import { createPartitionSpace, type Json, type MappingSpec, type PartitionSpace } from "@watersmeet/core/values";
import type { CompiledBranch } from "../../child/protocol.ts";
import type { BatchOrigin, Delivery, StagedBranch } from "../../stores/port/staged-merge.ts";
import type { Relations, RelationSource } from "../arguments.ts";
import { bindQuery } from "../bind-query.ts";
import { nameStep, type StepWork } from "../step-work.ts";
import type { InputVersion } from "../step.ts";
import { joinPromises, readOrigin, type InputCommits } from "./input-commits.ts";
import { listFeed, type Feed } from "./list-feed.ts";

/** A branch with everything that it reads, in the order of the function's positions. */
export interface BoundBranch {
  readonly compiled: CompiledBranch;
  readonly reads: readonly BranchRead[];
}

/** One relation that a branch reads, and what the step has pinned of it. */
export interface BranchRead {
  readonly table: string;
  readonly source: RelationSource;
  /** Ordered by partition, as the input's partitions are. */
  readonly pinned: readonly InputVersion[];
  readonly space: PartitionSpace;
}

export interface DeliveryContext {
  readonly work: StepWork;
  readonly relations: Relations;
  readonly commits: InputCommits;
  readonly base: BaseInputs;
}

/** What the version that a merge builds on was made from. */
export interface BaseInputs {
  /** Version of a branch's input; `null`: the branch had none. */
  versionOf(branch: string, input: Pick<InputVersion, "asset" | "partition">): number | null;
}

/** What a branch hands over, oldest first. */
export type BranchDeliveries = Pick<StagedBranch, "deliveries" | "continues">;

/** What a branch reads, of all that the function was given. */
export function bindReads({ step, startedAt }: StepWork, compiled: CompiledBranch, relations: Relations): BoundBranch {
  const reads = compiled.query.relations.flatMap((table): readonly BranchRead[] => {
    const source = relations.get(table);
    if (source === undefined) return [];
    const space = createPartitionSpace(source.partitions, startedAt);
    const pinned = step.inputs.filter(({ position }) => position === source.position);
    return [{ table, source, space, pinned: sortByOrdinal(pinned, space) }];
  });
  return { compiled, reads };
}

/**
 * What a branch hands over, oldest first. A handle gives a batch for each partition of its input, and a query one for all that it reads; over an asset that emits
 * changes or snapshots both give one for each of its versions.
 * @throws {MERGE_POLICY_INVALID} when a query reads two assets that emit changes or snapshots: it could not be said which of their versions belong together
 */
export function listDeliveries(branch: BoundBranch, context: DeliveryContext): Promise<BranchDeliveries> {
  const feeds = branch.reads.filter(({ source }) => source.emits !== "state");
  const [feed, second] = feeds;
  if (feed !== undefined && second !== undefined) throw twoFeeds(branch, [feed, second], context.work);
  if (feed !== undefined) return deliverVersions(branch, feed, context);
  const [only] = branch.reads;
  const deliveries =
    only !== undefined && branch.compiled.isHandle
      ? only.pinned.map((input) => deliverPartition(branch, { read: only, input }, context))
      : deliverAll(branch, context);
  return Promise.resolve({ deliveries });
}

/** The next version of the partition takes the place of this one. */
function deliverPartition(
  { compiled }: BoundBranch,
  { read, input }: { readonly read: BranchRead; readonly input: InputVersion },
  { relations, commits }: DeliveryContext,
): Delivery {
  const { asset, partition } = input;
  const ordinal = read.space.ordinalOf(partition);
  return {
    batchKey: JSON.stringify([compiled.name, asset, isOpenEnded(read.source.mapping) ? null : partition]),
    query: bindQuery(compiled.query, relations, { table: read.table, only: input }),
    emits: "state",
    sequence: BigInt(ordinal ?? 0),
    cursor: cursorOf(read.space, [input]),
    promise: joinPromises([[input]], commits),
    origin: readOrigin(input, commits),
  };
}

/** Known by the partitions that it reads: other versions of the same partitions supersede it. Nothing is delivered of inputs of which there is nothing. */
function deliverAll({ compiled, reads }: BoundBranch, { work, relations, commits }: DeliveryContext): Delivery[] {
  const [first] = reads.flatMap(({ pinned }) => pinned);
  if (first === undefined && reads.length > 0) return [];
  const from = reads.map(({ source, pinned }): Json => {
    const isFixed = source.mapping.kind !== "all" && !isOpenEnded(source.mapping);
    return [source.input.asset.key, isFixed ? pinned.map(({ partition }) => partition) : null];
  });
  const [only, other] = reads;
  return [
    {
      batchKey: JSON.stringify([compiled.name, from]),
      query: bindQuery(compiled.query, relations),
      emits: "state",
      sequence: 0n,
      cursor: only === undefined || other !== undefined ? null : cursorOf(only.space, only.pinned),
      promise: joinPromises(
        reads.map(({ pinned }) => pinned),
        commits,
      ),
      origin: first === undefined ? originOfStep(work) : readOrigin(first, commits),
    },
  ];
}

/**
 * The versions stay beside each other. A branch goes on where the cut before ended: of each partition the version that that one was made from is delivered once more, and then what came since.
 */
async function deliverVersions(
  { compiled }: BoundBranch,
  read: BranchRead,
  { base, relations, work }: DeliveryContext,
): Promise<BranchDeliveries> {
  const describe = (feeds: readonly Feed[]): readonly Delivery[] =>
    feeds
      .flatMap(({ versions }) => versions)
      .map(({ input, cursor, promise, origin }) => ({
        batchKey: JSON.stringify([compiled.name, input.asset, input.partition, input.commitId]),
        query: bindQuery(compiled.query, relations, { table: read.table, only: input }),
        emits: read.source.emits,
        sequence: BigInt(input.version),
        cursor,
        promise,
        origin,
      }))
      // Versions of all partitions are numbered together, as they were committed.
      .sort((a, b) => Number(a.sequence - b.sequence));
  const list = async (versionOf: (pinned: InputVersion) => number | null): Promise<readonly Feed[]> => {
    const feeds: Feed[] = [];
    for (const pinned of read.pinned) feeds.push(await listFeed(work, pinned, versionOf(pinned)));
    return feeds;
  };
  const feeds = await list((pinned) => base.versionOf(compiled.name, pinned));
  const inputs = feeds.flatMap(({ isContinued, versions: [first] }) =>
    isContinued && first !== undefined ? [first.input] : [],
  );
  if (inputs.length === 0) return { deliveries: describe(feeds) };
  const listAll = async () => describe(await list(() => null));
  return { deliveries: describe(feeds), continues: { inputs, listAll } };
}

/** Whether the partition that is read moves on as time does, so that what is read next takes the place of what was read before. */
function isOpenEnded({ kind }: MappingSpec): boolean {
  return kind === "latest";
}

function sortByOrdinal(inputs: readonly InputVersion[], space: PartitionSpace): readonly InputVersion[] {
  const ordinals = new Map(inputs.map((input) => [input, space.ordinalOf(input.partition) ?? -1]));
  return [...inputs].sort((a, b) => (ordinals.get(a) ?? 0) - (ordinals.get(b) ?? 0));
}

/** The time that partitions cover, from the first to the last. */
function cursorOf(space: PartitionSpace, inputs: readonly InputVersion[]): Delivery["cursor"] {
  if (space.time === null) return null;
  const [first, last] = [inputs.at(0), inputs.at(-1)].map((input) => {
    const ordinal = input === undefined ? undefined : space.ordinalOf(input.partition);
    return ordinal === undefined ? null : space.windowOf(ordinal);
  });
  return first && last ? { from: first.start, to: last.end } : null;
}

/** Of a branch that reads no input at all: what it says is the code's. */
function originOfStep({ step, commitId }: StepWork): BatchOrigin {
  const { asset, partition, codeVersion, runId, traceId } = step;
  return { asset, partition, version: 0, commitId, codeVersion, runId, traceId };
}

function twoFeeds(
  { compiled }: BoundBranch,
  [first, second]: readonly [BranchRead, BranchRead],
  { step }: StepWork,
): WatersmeetError {
  const names = [first, second].map(({ source }) => `"${source.input.asset.key}" (${source.emits})`);
  return new WatersmeetError(
    "MERGE_POLICY_INVALID",
    `branch "${compiled.name}" of ${nameStep(step)} reads ${names.join(" and ")}, whose versions each say only what changed`,
    {
      hint: "Make each of them a branch of its own, or bring one of them into a table first: a merge with that one as its only branch.",
    },
  );
}
