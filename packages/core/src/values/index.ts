export { isAssetKey, parseAssetKey, type AssetKey } from "./asset-key.ts";
export { civilDateOf, type CivilDate } from "./time/civil-time.ts";
export { compareStrings } from "./compare.ts";
export { fingerprint } from "./fingerprint.ts";
export type { Json } from "./json.ts";
export {
  countRanges,
  hasOrdinal,
  intersectRanges,
  listOrdinals,
  normalizeRanges,
  subtractRanges,
  type OrdinalRange,
} from "./ordinal-ranges.ts";
export {
  parsePartitionExpression,
  findTerm,
  type PartitionExpression,
  type StateWord,
  type TermMeaning,
} from "./partitions/partition-expression.ts";
export { unpartitioned, type PartitionKey } from "./partitions/partition-key.ts";
export {
  createMapping,
  describeSpace,
  type MappingOptions,
  type PartitionMapping,
} from "./partitions/partition-mapping.ts";
export { createPartitionSpace, type PartitionSpace, type PartitionWindow } from "./partitions/partition-space.ts";
export type {
  BucketPartitions,
  ListedPartitions,
  MappingSpec,
  PartitionsSpec,
  ProductPartitions,
  TimeGrain,
  TimePartitions,
} from "./partitions/partitions-spec.ts";
export { isPartCount, mostParts } from "./partitions/split-parts.ts";
export { stableJson } from "./stable-json.ts";
