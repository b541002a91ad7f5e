import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey } from "@watersmeet/core/values";
import type { ReadHead, StoreHead } from "../../stores/store.ts";
import { nameStep, type StepWork } from "../step-work.ts";
import type { InputVersion } from "../step.ts";

/** What a merge has read, to be looked at once more before it is published (M25). */
export interface ReadSet {
  /**
   * Answers what readers see of the inputs in the store of the step, for its commit to be held to.
   * @throws {STORE_STALE} when readers see something else of an input by now
   */
  revalidate(): Promise<readonly ReadHead[]>;
}

/**
 * Remembers what readers see of the inputs when the attempt begins. An input that has moved on by then was pinned by the run on purpose, as a backfill's are; one that
 * moves while the attempt is under way, or was taken back at whatever time, is not published on.
 * @throws {STORE_STALE} when an input has been taken back
 */
export async function openReadSet(work: StepWork): Promise<ReadSet> {
  const { inputs } = work.step;
  const behind = await listChanged(work, await readHeads(work, inputs));
  refuse(work, behind.filter(isTakenBack));
  const pinned = new Set(behind.map(({ input }) => input));
  return {
    async revalidate() {
      const seen = await readHeads(work, inputs);
      const changed = await listChanged(work, seen);
      refuse(
        work,
        changed.filter((each) => isTakenBack(each) || !pinned.has(each.input)),
      );
      return seen.flatMap(({ input, head }) =>
        pinned.has(input) || storeOf(work, input.asset).storeId !== work.store.storeId ? [] : [head],
      );
    },
  };
}

/** What readers see of an input. One of which they see nothing in the environment was read from the one above it. */
interface SeenInput {
  readonly input: InputVersion;
  readonly head: StoreHead;
}

function isTakenBack({ input, head }: SeenInput): boolean {
  return head.version < input.version;
}

async function readHeads(work: StepWork, inputs: readonly InputVersion[]): Promise<readonly SeenInput[]> {
  const seen: SeenInput[] = [];
  for (const [asset, of] of Map.groupBy(inputs, (input) => input.asset)) {
    const partitions = [...new Set(of.map(({ partition }) => partition))];
    const heads = await storeOf(work, asset).listHeads(work.step.environment, asset, partitions);
    const headOf = new Map(heads.map((head) => [head.partition, head]));
    for (const input of of) {
      const head = headOf.get(input.partition);
      if (head !== undefined) seen.push({ input, head });
    }
  }
  return seen;
}

/** Those of which readers see other content than was read. Equal content under another version is as good. */
async function listChanged(work: StepWork, seen: readonly SeenInput[]): Promise<readonly SeenInput[]> {
  const moved = seen.filter(({ input, head }) => head.commitId !== input.commitId);
  const changed: SeenInput[] = [];
  for (const [asset, of] of Map.groupBy(moved, ({ input }) => input.asset)) {
    const commits = await storeOf(work, asset).findCommits(of.map(({ head }) => head.commitId));
    const digests = new Map(commits.map(({ commitId, dataDigest }) => [commitId, dataDigest]));
    changed.push(...of.filter(({ input, head }) => digests.get(head.commitId) !== input.dataDigest));
  }
  return changed;
}

function storeOf({ project, store, storeOf: find }: StepWork, asset: AssetKey): StepWork["store"] {
  const spec = project.specs.get(asset);
  return spec === undefined ? store : find(spec);
}

function refuse({ step }: StepWork, changed: readonly SeenInput[]): void {
  const [first] = changed;
  if (first === undefined) return;
  const { input, head } = first;
  const what = isTakenBack(first) ? "was taken back: readers see" : "has been followed by";
  throw new WatersmeetError(
    "STORE_STALE",
    `version ${input.version} of ${nameStep(input)}, which ${nameStep(step)} joins, ${what} version ${head.version}`,
    {
      hint: "Nothing was published. The step is tried again on what readers see; when its run pinned the version, start a new run.",
      details: { asset: input.asset, partition: input.partition, version: input.version, head: head.version },
    },
  );
}
