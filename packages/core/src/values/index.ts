export { isAssetKey, parseAssetKey, type AssetKey } from "./asset-key.ts";
export { compareStrings } from "./compare.ts";
export { fingerprint } from "./fingerprint.ts";
export type { Json } from "./json.ts";
export { unpartitioned, type PartitionKey } from "./partition-key.ts";
export type {
  BucketPartitions,
  ListedPartitions,
  MappingSpec,
  PartitionsSpec,
  ProductPartitions,
  TimeGrain,
  TimePartitions,
} from "./partitions-spec.ts";
export { stableJson } from "./stable-json.ts";
