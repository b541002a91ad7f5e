import type { Problem } from "@watersmeet/core/errors";
import type { Graph } from "@watersmeet/core/graph";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import { checkMergePolicy } from "@watersmeet/core/merge";
import type { AssetKey } from "@watersmeet/core/values";
import type { AssetSpec } from "./project.ts";

/** What the sources and the loaded objects do not agree on when taken together: a merge's policy fits its schema, and a query runs in one store. */
export function findSpecProblems(graph: Graph, specs: ReadonlyMap<AssetKey, AssetSpec>): readonly Problem[] {
  return [...graph.assets.values()].flatMap((asset) => {
    const own = specs.get(asset.key);
    return own === undefined
      ? []
      : [
          ...findPolicyProblems(asset, own),
          ...findBranchProblems(asset, own),
          ...findStoreProblems(asset, own, specs),
          ...findSplitProblems(asset, specs),
        ];
  });
}

function findPolicyProblems(asset: ManifestAsset, { policy, schema }: AssetSpec): readonly Problem[] {
  if (policy === null) return [];
  return checkMergePolicy(asset.key, { policy, schema }).map((problem) => ({ ...problem, at: asset.location }));
}

/** Rows are sliced by a column that they have. */
function findSplitProblems(
  { key, splittable, inputs, location }: ManifestAsset,
  specs: ReadonlyMap<AssetKey, AssetSpec>,
): readonly Problem[] {
  const input = inputs.find(({ position }) => position === splittable?.position);
  const upstream = input === undefined ? undefined : specs.get(input.asset);
  if (splittable === undefined || upstream === undefined) return [];
  const columns = upstream.schema.columns.map(({ name }) => name);
  if (columns.includes(splittable.by)) return [];
  return [
    {
      code: "ANALYZE_SPLIT_INVALID",
      message: `"${key}" is split by "${splittable.by}", which is no column of "${upstream.key}"`,
      hint: `The columns are ${columns.join(", ")}`,
      at: location,
    },
  ];
}

/** Terms that speak of branches which the merge does not have: a quorum that never comes together, a name that is nobody's. */
function findBranchProblems(asset: ManifestAsset, { merge }: AssetSpec): readonly Problem[] {
  const branches = new Set(asset.inputs.map(({ name }) => name));
  const { quorum = null, required = [] } = merge?.wait ?? {};
  const named = [
    ...required.map((name) => ["wait.required", name] as const),
    ...Object.keys(merge?.shrinkPerMille ?? {}).map((name) => ["mayShrink", name] as const),
  ];
  const complaints = [
    ...(quorum !== null && quorum > branches.size
      ? [
          `wait.quorum of ${asset.key} is ${quorum}, more than its ${branches.size === 1 ? "one branch" : `${branches.size} branches`}`,
        ]
      : []),
    ...named
      .filter(([, name]) => !branches.has(name))
      .map(([option, name]) => `${option} of ${asset.key} names "${name}", which is none of its branches`),
  ];
  return complaints.map((message) => ({
    code: "MERGE_POLICY_INVALID",
    message,
    hint: `Its branches are ${[...branches].join(", ")}.`,
    at: asset.location,
  }));
}

function findStoreProblems(
  asset: ManifestAsset,
  own: AssetSpec,
  specs: ReadonlyMap<AssetKey, AssetSpec>,
): readonly Problem[] {
  if (asset.kind === "asset" || asset.kind === "source") return [];
  return asset.inputs.flatMap((input): readonly Problem[] => {
    const upstream = specs.get(input.asset);
    if (upstream === undefined || upstream.store === own.store) return [];
    return [
      {
        code: "STORES_DIFFER",
        message: `${asset.kind} "${asset.key}" is kept in the store "${own.store}" and reads "${input.asset}" from "${upstream.store}"`,
        hint: `SQL runs inside one store: keep both in one, or copy the rows over with an asset(${input.name}) in between.`,
        at: asset.location,
      },
    ];
  });
}
