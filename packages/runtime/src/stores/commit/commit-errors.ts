import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { CommitRequest } from "../store.ts";
import type { StaleCommit } from "./decide-commits.ts";

export function nameOf(asset: AssetKey, partition: PartitionKey): string {
  return partition === "" ? asset : `${asset}@${partition}`;
}

export function staleError({ request, input, head }: StaleCommit): WatersmeetError {
  const { asset, partition } = request.staged.target;
  const name = nameOf(asset.key, partition);
  const seen = head === null ? "no version" : `version ${head}`;
  if (input !== null) {
    return new WatersmeetError(
      "STORE_STALE",
      `${name} was built on version ${input.version} of ${nameOf(input.asset, input.partition)}, of which readers of "${request.environment}" see ${seen} by now`,
      {
        hint: "Another run, or a rollback, was published in between. Nothing was published; the step is tried again on what readers see.",
        details: { asset: input.asset, partition: input.partition, version: input.version, head },
      },
    );
  }
  return new WatersmeetError(
    "STORE_STALE",
    `${name} was built on ${request.baseVersion === null ? "no version" : `version ${request.baseVersion}`}, but readers of "${request.environment}" see ${seen}`,
    {
      hint: "Another run published in between. Plan again: what is up to date will be skipped.",
      details: { asset: asset.key, partition, environment: request.environment, base: request.baseVersion, head },
    },
  );
}

/** A head that was to be taken back on the sight of a version that readers do not see any more. */
export function overtakenError(
  wish: { readonly asset: AssetKey; readonly partition: PartitionKey; readonly expected?: number | null },
  seen: number | null,
): WatersmeetError {
  const { asset, partition, expected = null } = wish;
  const [before, now] = [expected, seen].map((version) => (version === null ? "no version" : `version ${version}`));
  return new WatersmeetError(
    "STORE_STALE",
    `the head of ${nameOf(asset, partition)} was to be moved while readers saw ${before}; they see ${now} by now`,
    {
      hint: "Another run, or a rollback, was published in between. Nothing was moved; the step is tried again on what readers see.",
      details: { asset, partition, expected, head: seen },
    },
  );
}

export function movedError(request: CommitRequest): WatersmeetError {
  const { asset, partition } = request.staged.target;
  return new WatersmeetError(
    "STORE_STALE",
    `${nameOf(asset.key, partition)} was staged as the difference to a version that is not the latest any more`,
    {
      hint: "Another run, or one of another environment, published in between. The worker stages it again.",
      details: { asset: asset.key, partition, environment: request.environment, base: request.baseVersion },
    },
  );
}

export function goneError(request: CommitRequest): WatersmeetError {
  const { asset, partition, attempt } = request.staged.target;
  return new WatersmeetError(
    "STORE_STAGING_GONE",
    `What attempt ${attempt} staged for ${nameOf(asset.key, partition)} is not in the store any more`,
    {
      hint: "It was discarded, or the store was opened anew since. Run the step again.",
      details: { asset: asset.key, partition, attempt },
    },
  );
}
