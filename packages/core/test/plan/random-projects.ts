import fc from "fast-check";
import { buildGraph } from "../../src/graph/index.ts";
import type { Manifest, ManifestAsset, ManifestInjection, ManifestInput } from "../../src/manifest/manifest.ts";
import type { AssetKey, MappingSpec, PartitionsSpec, TimeGrain } from "../../src/values/index.ts";
import { parseAssetKey } from "../../src/values/index.ts";

/** Open-ended partitions end here. */
export const now = new Date("2024-04-04T09:30:00Z");

type SimpleSpec = Exclude<PartitionsSpec, { readonly kind: "product" }>;

const time = (grain: TimeGrain, [start, end]: readonly [string, string | null], timeZone = "UTC"): SimpleSpec => ({
  kind: "time",
  grain,
  start,
  end,
  timeZone,
});

/** Small, and awkward on purpose: clock changes, leap days, ends that cut windows, empty spaces. */
export const simpleSpecs: readonly SimpleSpec[] = [
  time("hour", ["2024-03-30", "2024-04-01"], "Europe/Berlin"),
  time("hour", ["2024-03-31T05:00", "2024-04-02"]),
  time("hour", ["2024-04-06T00:00", "2024-04-07T12:00"], "Australia/Lord_Howe"),
  time("day", ["2024-02-26", null]),
  time("day", ["2024-03-10", "2024-04-10"]),
  time("day", ["2024-03-25", null], "Europe/Berlin"),
  time("day", ["2024-03-05", "2024-03-15"], "America/New_York"),
  time("week", ["2024-02-26", null]),
  time("week", ["2024-02-12", "2024-04-10"], "Europe/Berlin"),
  time("month", ["2024-01", null]),
  time("month", ["2024-02", "2024-05-01"], "Australia/Lord_Howe"),
  time("day", ["2030-01-01", null]),
  { kind: "listed", keys: ["eu", "us", "asia"] },
  { kind: "listed", keys: ["us", "africa", "eu"] },
  { kind: "buckets", count: 3 },
  { kind: "buckets", count: 12 },
];

export const specs: readonly (PartitionsSpec | null)[] = [
  null,
  ...simpleSpecs,
  { kind: "product", first: time("day", ["2024-03-25", null]), second: { kind: "listed", keys: ["eu", "us"] } },
  { kind: "product", first: { kind: "buckets", count: 3 }, second: time("week", ["2024-02-26", null]) },
  { kind: "product", first: time("day", ["2024-03-28", null]), second: { kind: "buckets", count: 3 } },
  { kind: "product", first: { kind: "listed", keys: ["eu", "us", "asia"] }, second: time("month", ["2024-01", null]) },
];

export const mappings: readonly MappingSpec[] = [
  { kind: "same" },
  { kind: "all" },
  { kind: "latest" },
  { kind: "last", count: 1 },
  { kind: "last", count: 3 },
  { kind: "last", count: 40 },
  { kind: "offset", by: -1 },
  { kind: "offset", by: -5 },
  { kind: "offset", by: 2 },
  { kind: "offset", by: 0 },
];

export function makeAsset(key: string, overrides: Partial<ManifestAsset> = {}): ManifestAsset {
  return {
    key: parseAssetKey(key),
    kind: "asset",
    file: "assets.ts",
    exportPath: [key],
    location: { file: "assets.ts", line: 1, column: 1 },
    doc: "",
    inputs: [],
    injections: [],
    partitions: null,
    tags: [],
    group: null,
    resource: null,
    codeVersion: `code:${key}:1`,
    schemaVersion: `schema:${key}:1`,
    ...overrides,
  };
}

export function makeInput(asset: string, position: number, overrides: Partial<ManifestInput> = {}): ManifestInput {
  return {
    asset: parseAssetKey(asset),
    position: String(position),
    name: asset,
    mapping: { kind: "same" },
    isOptional: false,
    ...overrides,
  };
}

export function makeManifest(assets: readonly ManifestAsset[]): Manifest {
  return { formatVersion: 1, analyzer: "test", files: {}, assets };
}

interface Wish {
  readonly spec: number;
  readonly hasSelf: boolean;
  readonly inputs: readonly { readonly from: number; readonly mapping: number; readonly isOptional: boolean }[];
}

const wish: fc.Arbitrary<Wish> = fc.record({
  spec: fc.nat(specs.length - 1),
  hasSelf: fc.boolean(),
  inputs: fc.array(fc.record({ from: fc.nat(9), mapping: fc.nat(mappings.length - 1), isOptional: fc.boolean() }), {
    maxLength: 3,
  }),
});

/** Manifests without problems: what does not fit together is left out. */
export const manifests: fc.Arbitrary<Manifest> = fc.array(wish, { minLength: 1, maxLength: 7 }).map((wishes) => {
  const assets: ManifestAsset[] = [];
  for (const [index, one] of wishes.entries()) assets.push(grantWish(assets, index, one));
  return makeManifest(assets);
});

function grantWish(earlier: readonly ManifestAsset[], index: number, { spec, hasSelf, inputs }: Wish): ManifestAsset {
  const partitions = specs[spec] ?? null;
  const key = `a${index}`;
  let asset = makeAsset(key, { partitions });
  const isSound = (candidate: ManifestAsset): boolean =>
    buildGraph(makeManifest([...earlier, candidate])).problems.length === 0;
  for (const { from, mapping, isOptional } of inputs) {
    const upstream = earlier[from % Math.max(1, earlier.length)];
    if (upstream === undefined) continue;
    const input = makeInput(upstream.key, asset.inputs.length, {
      mapping: mappings[mapping] ?? { kind: "same" },
      isOptional,
    });
    const candidate = { ...asset, inputs: [...asset.inputs, input] };
    if (isSound(candidate)) asset = candidate;
  }
  const self: ManifestInjection = { kind: "self", position: String(asset.inputs.length) };
  const candidate = { ...asset, injections: [self] };
  return hasSelf && isSound(candidate) ? candidate : asset;
}

/** A version of the manifest in which some assets have new code. */
export function withNewCode(manifest: Manifest, keys: ReadonlySet<AssetKey>, version: string): Manifest {
  return {
    ...manifest,
    assets: manifest.assets.map((asset) =>
      keys.has(asset.key) ? { ...asset, codeVersion: `code:${asset.key}:${version}` } : asset,
    ),
  };
}
