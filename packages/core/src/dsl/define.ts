import { WatersmeetError } from "../errors/watersmeet-error.ts";
import type { LatePolicy } from "../merge/late/late-policy.ts";
import type { Retention } from "../merge/orders.ts";
import type { MergePolicy } from "../merge/policy.ts";
import { listColumnNames } from "../schema/list-column-names.ts";
import { isAssetKey } from "../values/asset-key.ts";
import { compareStrings } from "../values/compare.ts";
import {
  definitionBrand,
  type Definition,
  type Emits,
  type EpochDefinition,
  type ExecutionOptions,
  type ResourceUse,
  type SplitTerms,
  type WaitPolicy,
} from "./definition.ts";
import { parseDuration } from "./duration.ts";
import type { LooseOptions, ResourceOption } from "./options.ts";
import { parseSize } from "./size.ts";

const defaultTimeoutMs = 30 * 60_000;
const defaultMaxAttempts = 3;
const emitted: readonly Emits[] = ["state", "changes", "snapshot"];

/** What a definition has beyond the common options. */
export interface DefinitionParts {
  readonly kind: Definition["kind"];
  readonly fn: Definition["fn"];
  readonly policy?: MergePolicy;
  readonly late?: LatePolicy;
  readonly wait?: WaitPolicy;
  readonly mustBeComplete?: boolean;
  readonly shrinkPerMille?: Definition["shrinkPerMille"];
  readonly retention?: Retention;
  readonly epochs?: readonly EpochDefinition[];
  readonly reducers?: Definition["reducers"];
  readonly splittable?: SplitTerms | null;
}

/** The frozen object that every function of the language returns. @throws {DEFINITION_INVALID} */
export function defineAsset(options: LooseOptions, parts: DefinitionParts): Definition {
  if (typeof parts.fn !== "function")
    throw invalid(
      `${parts.kind}() needs a function as its second argument`,
      "Write asset({ schema }, (input: In<typeof x>) => …)",
    );
  const columns = requireColumns(options.schema, parts.kind);
  requireColumnNames(options.key ?? [], columns, "key");
  if (options.name !== undefined && !isAssetKey(options.name)) {
    throw invalid(
      `name "${options.name}" cannot be the key of an asset`,
      "Keys are identifiers, with dots between groups and members: orders, regions.eu",
    );
  }
  const definition: Definition = {
    [definitionBrand]: 1,
    kind: parts.kind,
    schema: options.schema,
    fn: parts.fn,
    partitions: options.partitions ?? null,
    name: options.name ?? null,
    description: options.description ?? null,
    tags: Object.freeze([...(options.tags ?? [])]),
    group: options.group ?? null,
    execution: readExecution(options),
    policy: parts.policy ?? null,
    late: parts.late ?? null,
    wait: parts.wait ?? null,
    retention: parts.retention ?? null,
    epochs: Object.freeze([...(parts.epochs ?? [])]),
    reducers: Object.freeze({ ...parts.reducers }),
    emits: readEmits(options.emits ?? "state"),
    everyMs: options.every === undefined ? null : parseDuration(options.every),
    mustBeComplete: parts.mustBeComplete ?? false,
    shrinkPerMille: Object.freeze({ ...parts.shrinkPerMille }),
    key: Object.freeze(columns.filter((column) => options.key?.includes(column))),
    store: options.store ?? null,
    automation: options.automation ?? null,
    splittable: parts.splittable ?? null,
  };
  return Object.freeze(definition);
}

/** @throws {DEFINITION_INVALID} naming the first that is not a column */
export function requireColumnNames(names: readonly string[], columns: readonly string[], option: string): void {
  const unknown = names.find((name) => !columns.includes(name));
  if (unknown !== undefined)
    throw invalid(
      `${option} names "${unknown}", which is not a column of the schema`,
      `The columns are ${columns.join(", ")}`,
    );
}

/** @throws {DEFINITION_INVALID} when the schema is not a zod object */
export function requireColumns(schema: unknown, kind: string): readonly string[] {
  const columns = listColumnNames(schema);
  if (columns === null)
    throw invalid(`the schema of ${kind}() is not a zod object`, "Write schema: z.object({ … }), with zod 4");
  return columns;
}

export function invalid(message: string, hint: string): WatersmeetError {
  return new WatersmeetError("DEFINITION_INVALID", message, { hint });
}

function readEmits(emits: Emits): Emits {
  if (emitted.includes(emits)) return emits;
  throw invalid(`emits is "${emits}"`, "Choose state, changes or snapshot");
}

function readExecution(options: LooseOptions): ExecutionOptions {
  const maxAttempts = options.maxAttempts ?? defaultMaxAttempts;
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1)
    throw invalid(`maxAttempts is ${maxAttempts}`, "Give a whole number of at least 1");
  return Object.freeze({
    timeoutMs: options.timeout === undefined ? defaultTimeoutMs : parseDuration(options.timeout),
    maxAttempts,
    resources: readResources(options.resource ?? []),
    stagedBytes: readStagedBytes(options.stagedBytes),
  });
}

function readStagedBytes(option: LooseOptions["stagedBytes"]): ExecutionOptions["stagedBytes"] {
  if (option === undefined) return null;
  return option === false ? false : parseSize(option);
}

function readResources(option: ResourceOption): readonly ResourceUse[] {
  const given = typeof option === "string" ? [option] : option;
  const uses = given.map((each) => (typeof each === "string" ? { name: each, weight: 1 } : each));
  const names = uses.map((use) => use.name);
  if (names.includes("")) throw invalid("a resource has no name", 'Name the outside system: resource: "crm"');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw invalid(
      `resource names "${twice}" twice`,
      `Say how much of it a step takes: { name: "${twice}", weight: 2 }`,
    );
  const wrong = uses.find(({ weight }) => !Number.isSafeInteger(weight) || weight < 1);
  if (wrong !== undefined)
    throw invalid(`the weight of resource "${wrong.name}" is ${wrong.weight}`, "Give a whole number of at least 1");
  const sorted = uses.map(({ name, weight }) => Object.freeze({ name, weight }));
  return Object.freeze(sorted.sort((a, b) => compareStrings(a.name, b.name)));
}
