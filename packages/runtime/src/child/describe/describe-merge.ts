import type { Definition, EpochDefinition } from "@watersmeet/core";
import type { Problem } from "@watersmeet/core/errors";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import {
  checkEpochChain,
  checkPartitionBy,
  checkReducers,
  hashEpoch,
  listEpochFields,
  type EpochField,
  type EpochStep,
} from "@watersmeet/core/merge";
import { readRowSchema, type RowSchema } from "@watersmeet/core/schema";
import { fingerprint } from "@watersmeet/core/values";
import type { MergeTerms } from "../../project/project.ts";

/** What a merge says beside its policy, or what is wrong with it. `schema` is the form of its rows now. */
export async function describeMerge(
  asset: ManifestAsset,
  definition: Definition,
  schema: RowSchema,
): Promise<{ readonly terms: MergeTerms | null; readonly problems: readonly Problem[] }> {
  if (definition.policy === null) return { terms: null, problems: [] };
  const fields = listEpochFields(schema, definition.policy.key);
  const key = new Set(fields.filter(({ isKey }) => isKey).map(({ id }) => id));
  const epochs = definition.epochs.map((epoch) => describeEpoch(asset, epoch, key));
  const { late, wait, mustBeComplete, shrinkPerMille, retention } = definition;
  const steps = epochs.flatMap(({ step }) => step ?? []);
  const reducers = Object.fromEntries(
    Object.entries(definition.reducers).map(([column, reduce]) => [column, fingerprintFunction(asset, reduce)]),
  );
  return {
    terms: { late, wait, mustBeComplete, shrinkPerMille, retention, fields, epochs: steps, reducers },
    problems: [
      ...epochs.flatMap(({ problems }, index) => problems.map((problem) => inEpoch(problem, index))),
      ...checkPartitionBy({ policy: definition.policy, schema }, definition.partitions),
      ...checkEpochChain({ steps, present: fields }),
      ...(await checkReducers({ schema: definition.schema, columns: schema, reducers: definition.reducers })),
    ],
  };
}

interface DescribedEpoch {
  readonly step: EpochStep | null;
  readonly problems: readonly Problem[];
}

/** `key` are ids of fields: a column of the key may have had another name. */
function describeEpoch(asset: ManifestAsset, epoch: EpochDefinition, key: ReadonlySet<string>): DescribedEpoch {
  const reading = readRowSchema(epoch.schema);
  if (reading.schema === null) return { step: null, problems: reading.problems };
  const fields = listEpochFields(reading.schema, []).map((field): EpochField => ({
    ...field,
    isKey: key.has(field.id),
  }));
  const { note, isLossy, upcast } = epoch;
  const upcaster = upcast === null ? null : fingerprintFunction(asset, upcast);
  return { step: { fields, hash: hashEpoch(fields), note, isLossy, upcaster }, problems: [] };
}

/** What a function reaches is not in its text, but in the versions of the code that it belongs to. */
function fingerprintFunction(
  { codeVersion, schemaVersion }: ManifestAsset,
  fn: (...values: never[]) => unknown,
): string {
  return fingerprint(["watersmeet.function/1", codeVersion, schemaVersion, Function.prototype.toString.call(fn)]);
}

function inEpoch(problem: Problem, index: number): Problem {
  return { ...problem, message: `epoch ${index + 1}, which was left behind: ${problem.message}` };
}
