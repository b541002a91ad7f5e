import { fingerprint } from "@watersmeet/core/values";
import type { Measurement } from "../stores/store.ts";
import type { StepWork } from "./step-work.ts";

/** A version of an asset whose content is all of its versions together. */
export interface ChainedVersion {
  readonly measurement: Measurement;
  /** The version that it follows; `null`: it is the first. */
  readonly follows: number | null;
}

/**
 * The digest of a version of an asset that emits changes or snapshots says all that was said so far: equal rows after another version are other content. `null`: a version of
 * the asset says everything by itself.
 */
export async function chainFeed(
  { step, spec, store }: StepWork,
  measurement: Measurement,
): Promise<ChainedVersion | null> {
  if (spec.emits === "state") return null;
  const [before] = step.head === null ? [] : await store.findCommits([step.head.commitId]);
  const dataDigest = fingerprint(["feed-1", before?.dataDigest ?? "", measurement.dataDigest]);
  return { measurement: { ...measurement, dataDigest }, follows: before?.version ?? null };
}
