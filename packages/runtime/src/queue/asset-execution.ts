import type { ResourceUse, WaitPolicy } from "@watersmeet/core";
import type { PlannedAsset } from "@watersmeet/core/plan";
import { fingerprint, stableJson } from "@watersmeet/core/values";

/** How the steps of an asset are run; from the project's specs. */
export interface AssetExecution {
  readonly store: string;
  /** By name. */
  readonly resources: readonly ResourceUse[];
  readonly maxAttempts: number;
  /** Bytes of it that may wait for the steps of the run that read it, before no more is begun. @default any number */
  readonly stagedBytes?: number | null;
  /** Of a merge: how it waits for its branches; absent: not a merge. */
  readonly wait?: WaitPolicy;
}

/**
 * Names what a run takes for granted of an asset beside its code: what it reads, its partitions, its store, its resources, how it waits. Steps of the run can be
 * executed with other code only as long as that says the same.
 */
export function fingerprintLayout(
  { inputs, partitions }: Pick<PlannedAsset, "inputs" | "partitions">,
  { store, resources, wait }: AssetExecution,
): string {
  return fingerprint(["watersmeet.layout/1", stableJson({ inputs, partitions, store, resources, wait: wait ?? null })]);
}
