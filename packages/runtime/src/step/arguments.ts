import type { Emits } from "@watersmeet/core";
import { listSelfEdges } from "@watersmeet/core/graph";
import { createPartitionSpace, type Json, type MappingSpec, type PartitionsSpec } from "@watersmeet/core/values";
import type { Argument, AttemptFacts } from "../child/protocol.ts";
import type { InputVersions } from "../stores/port/staging.ts";
import { readCommitRecord } from "./commit-record.ts";
import type { HeldFile } from "./files/exchange-cache.ts";
import { storedAsset, type StepWork } from "./step-work.ts";

/** One position that takes rows: an input, or the asset's own earlier version. */
interface Reading {
  readonly position: string;
  readonly name: string;
  readonly isOptional: boolean;
  readonly mapping: MappingSpec;
  readonly input: InputVersions;
  readonly emits: Emits;
  readonly partitions: PartitionsSpec | null;
}

/** Handles whose rows come from files. The files are held until disposed. */
export async function exportArguments(
  work: StepWork,
): Promise<{ readonly arguments: readonly Argument[]; readonly held: readonly HeldFile[] }> {
  const held: HeldFile[] = [];
  const readings: Argument[] = [];
  try {
    for (const reading of listReadings(work)) {
      const { position, name, input } = reading;
      if (input.versions.length === 0) {
        readings.push(reading.isOptional ? { kind: "absent", position } : { kind: "rows", position, name, file: null });
        continue;
      }
      const file = await work.exchange.hold(storeOfInput(work, input), input);
      held.push(file);
      readings.push({ kind: "rows", position, name, file: file.file });
    }
    return { arguments: [...readings, ...injected(work)], held };
  } catch (error) {
    for (const file of held) file[Symbol.dispose]();
    throw error;
  }
}

/** What a relation of a query stands for. */
export interface RelationSource {
  /** Of the function's parameters. */
  readonly position: string;
  readonly input: InputVersions;
  readonly mapping: MappingSpec;
  /** What a version of the input says. */
  readonly emits: Emits;
  /** Of the input. */
  readonly partitions: PartitionsSpec | null;
}

/** By table name, in the order of the function's positions. */
export type Relations = ReadonlyMap<string, RelationSource>;

/** Handles that are relations of the store, and what each of them reads. */
export function relateArguments(work: StepWork): {
  readonly arguments: readonly Argument[];
  readonly relations: Relations;
} {
  const relations = new Map<string, RelationSource>();
  const handles = listReadings(work).map(({ name, isOptional, ...source }): Argument => {
    const { position, input } = source;
    if (isOptional && input.versions.length === 0) return { kind: "absent", position };
    const table = `input_${relations.size}`;
    relations.set(table, source);
    return {
      kind: "relation",
      position,
      name,
      table,
      columns: input.asset.schema.columns.map((column) => column.name),
    };
  });
  return { arguments: [...handles, ...injected(work)], relations };
}

/** What `ctx` is to tell. */
export async function attemptFacts(work: StepWork): Promise<AttemptFacts> {
  const { asset, partition, runId, attempt, environment, traceId } = work.step;
  const facts = { asset, partition, runId, attempt, environment, traceId, window: windowOf(work) };
  const checkpoint = await findCheckpoint(work);
  return checkpoint === undefined ? facts : { ...facts, checkpoint };
}

function listReadings({ step, asset, project }: StepWork): readonly Reading[] {
  const declared = [
    ...asset.inputs.map(({ position, name, isOptional, mapping, asset: of }) => {
      return { position, name, isOptional, mapping, of };
    }),
    ...listSelfEdges(asset).map(({ position, name, isOptional, mapping, from: of }) => {
      return { position, name, isOptional, mapping, of };
    }),
  ];
  return declared.flatMap(({ of, ...reading }) => {
    const upstream = project.graph.assets.get(of);
    const spec = project.specs.get(of);
    if (upstream === undefined || spec === undefined) return [];
    const versions = step.inputs.filter(({ position }) => position === reading.position);
    return [
      {
        ...reading,
        emits: spec.emits,
        partitions: upstream.partitions,
        input: {
          asset: storedAsset(upstream, spec),
          versions: versions.map(({ partition, version }) => ({ partition, version })),
        },
      },
    ];
  });
}

function injected({ asset }: StepWork): readonly Argument[] {
  return asset.injections.flatMap(({ kind, position }): readonly Argument[] =>
    kind === "self" ? [] : [{ kind, position }],
  );
}

function storeOfInput({ project, store, storeOf }: StepWork, { asset }: InputVersions): StepWork["store"] {
  const spec = project.specs.get(asset.key);
  return spec === undefined ? store : storeOf(spec);
}

function windowOf({ asset, step, startedAt }: StepWork): AttemptFacts["window"] {
  const kind = asset.partitions?.kind ?? null;
  // A list of many keys is not to be read again for each of its steps.
  if (kind === null || kind === "listed" || kind === "buckets") return null;
  const space = createPartitionSpace(asset.partitions, startedAt);
  const ordinal = space.ordinalOf(step.partition);
  return ordinal === undefined ? null : space.windowOf(ordinal);
}

/** A cursor is part of the version that it was committed with, so rows and cursor can never disagree. */
async function findCheckpoint({ asset, step, store }: StepWork): Promise<Json | undefined> {
  if (step.head === null || !asset.injections.some(({ kind }) => kind === "ctx")) return undefined;
  const [commit] = await store.findCommits([step.head.commitId]);
  return commit === undefined ? undefined : readCommitRecord(commit)?.checkpoint;
}
