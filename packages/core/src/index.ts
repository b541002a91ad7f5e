export {
  allInputs,
  and,
  anyInput,
  codeUpdated,
  cronTick,
  external,
  failed,
  handled,
  inProgress,
  inputMissing,
  latest,
  missing,
  newlyTrue,
  newlyUpdated,
  not,
  or,
  requested,
  since,
  stale,
  type Condition,
  type CronOptions,
} from "./automation/condition/condition.ts";
export type { CatchUp } from "./automation/condition/catch-up.ts";
export { eager, onCron, onMissing } from "./automation/condition/presets.ts";
export { asset, type AssetOptions, type MaybePromise, type RowsOut } from "./dsl/asset.ts";
export {
  isAutomationDefinition,
  type AutomationDefinition,
  type ScheduleDefinition,
  type SensorDefinition,
} from "./dsl/automation/automation-definition.ts";
export { schedule, type ScheduleOptions } from "./dsl/automation/schedule.ts";
export type { SensorAnswer, SensorContext, SensorRun } from "./dsl/automation/sensor-context.ts";
export { sensor, type SensorOptions } from "./dsl/automation/sensor.ts";
export { assets } from "./dsl/assets.ts";
export {
  isNonRetriableError,
  isRetryAfterError,
  NonRetriableError,
  RetryAfterError,
  type RetryAfter,
} from "./errors/author-errors.ts";
export type { Checkpoint, Ctx, Log, LogFields } from "./dsl/context.ts";
export type { Db } from "./dsl/db.ts";
export {
  definitionBrand,
  type Definition,
  type Emits,
  type EpochDefinition,
  type ExecutionOptions,
  type ResourceUse,
  type SplitTerms,
  type WaitPolicy,
} from "./dsl/definition.ts";
export { parseDuration, type Duration } from "./dsl/duration.ts";
export type { AnyAsset, Asset, In, Rows, Self } from "./dsl/handles.ts";
export { isDefinition } from "./dsl/is-definition.ts";
export { parseSize, type Size } from "./dsl/size.ts";
export type { All, Last, Latest, Mapping, Offset, Same } from "./dsl/mappings.ts";
export { custom, type CustomPolicy } from "./dsl/merge/custom.ts";
export { merge, type Branches } from "./dsl/merge/merge.ts";
export type { ColumnPolicy, EpochOptions, LateOptions, MergeOptions, WaitOptions } from "./dsl/merge/merge-options.ts";
export type { CommonOptions, ResourceOption } from "./dsl/options.ts";
export { buckets, daily, hourly, listed, monthly, product, weekly, type TimeOptions } from "./dsl/partitions.ts";
export { query, type QueryOptions } from "./dsl/query.ts";
export type { AnySchema, Out, SchemaOf } from "./dsl/schema-type.ts";
export { collectPromise, type SourcePromise } from "./dsl/source-promise.ts";
export { source, type SourceOptions } from "./dsl/source.ts";
export type { SplitOption } from "./dsl/splittable.ts";
export { decimal } from "./schema/decimal.ts";
