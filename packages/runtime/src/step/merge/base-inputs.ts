import type { StepWork } from "../step-work.ts";
import type { InputVersion } from "../step.ts";
import type { BaseInputs, BoundBranch } from "./list-deliveries.ts";

/** Looked up where a branch reads versions one by one: those that the cut has are not listed again. */
export async function findBaseInputs(
  { asset, step, store }: StepWork,
  branches: readonly BoundBranch[],
): Promise<BaseInputs> {
  const readsFeeds = branches.some(({ reads }) => reads.some(({ source }) => source.emits !== "state"));
  if (!readsFeeds || step.head === null) return { versionOf: () => null };
  const { partition } = step;
  const { version } = step.head;
  const [base] = await store.merges.listCuts({ asset: asset.key, partition, version, limit: 1 });
  const versions = new Map(
    (base?.cut.legs ?? []).flatMap(({ branch, inputs }) =>
      inputs.map((input) => [nameInput(branch, input), input.version] as const),
    ),
  );
  return { versionOf: (branch, input) => versions.get(nameInput(branch, input)) ?? null };
}

function nameInput(branch: string, { asset, partition }: Pick<InputVersion, "asset" | "partition">): string {
  return JSON.stringify([branch, asset, partition]);
}
