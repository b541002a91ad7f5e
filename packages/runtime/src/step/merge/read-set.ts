import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey } from "@watersmeet/core/values";
import type { StoreHead } from "../../stores/store.ts";
import { nameStep, type StepWork } from "../step-work.ts";
import type { InputVersion } from "../step.ts";

/** What a merge has read, to be looked at once more before it is published (M25). */
export interface ReadSet {
  /** @throws {STORE_STALE} when readers see something else of an input by now */
  revalidate(): Promise<void>;
}

/**
 * Remembers what readers see of the inputs when the attempt begins. An input that has moved on by then was pinned by the run on purpose, as a backfill's are; one that
 * moves while the attempt is under way, or was taken back at whatever time, is not published on.
 * @throws {STORE_STALE} when an input has been taken back
 */
export async function openReadSet(work: StepWork): Promise<ReadSet> {
  const { inputs } = work.step;
  const behind = await listChanged(work, inputs);
  refuse(work, behind.filter(isTakenBack));
  const pinned = new Set(behind.map(({ input }) => input));
  return {
    async revalidate() {
      const changed = await listChanged(work, inputs);
      refuse(
        work,
        changed.filter((each) => isTakenBack(each) || !pinned.has(each.input)),
      );
    },
  };
}

/** An input of which readers see other content than was read. Equal content under another version is as good. */
interface ChangedInput {
  readonly input: InputVersion;
  readonly head: StoreHead;
}

function isTakenBack({ input, head }: ChangedInput): boolean {
  return head.version < input.version;
}

async function listChanged(work: StepWork, inputs: readonly InputVersion[]): Promise<readonly ChangedInput[]> {
  const changed: ChangedInput[] = [];
  for (const [asset, of] of Map.groupBy(inputs, (input) => input.asset)) {
    const store = storeOf(work, asset);
    const heads = new Map((await store.listHeads(work.step.environment, asset)).map((head) => [head.partition, head]));
    const moved = of.flatMap((input): ChangedInput[] => {
      const head = heads.get(input.partition);
      return head === undefined || head.commitId === input.commitId ? [] : [{ input, head }];
    });
    if (moved.length === 0) continue;
    const commits = await store.findCommits(moved.map(({ head }) => head.commitId));
    const digests = new Map(commits.map(({ commitId, dataDigest }) => [commitId, dataDigest]));
    changed.push(...moved.filter(({ input, head }) => digests.get(head.commitId) !== input.dataDigest));
  }
  return changed;
}

function storeOf({ project, store, storeOf: find }: StepWork, asset: AssetKey): StepWork["store"] {
  const spec = project.specs.get(asset);
  return spec === undefined ? store : find(spec);
}

function refuse({ step }: StepWork, changed: readonly ChangedInput[]): void {
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
