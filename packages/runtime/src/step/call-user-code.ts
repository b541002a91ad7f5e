import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKind } from "@watersmeet/core/manifest";
import type { MergePolicy } from "@watersmeet/core/merge";
import type { Json } from "@watersmeet/core/values";
import type { AttemptReport, ChildResult, CompiledBranch, CompiledQuery } from "../child/protocol.ts";
import type { Delivery, ExchangeFile, StagedBranch, StagedMerge, StagedQuery } from "../stores/store.ts";
import { attemptFacts, exportArguments, relateArguments, type Relations } from "./arguments.ts";
import { blockedBy } from "./blocked-by.ts";
import { performInChild } from "./perform-in-child.ts";
import type { StepWork, VerbResult } from "./step-work.ts";

/** What the author's function gave: rows in a sealed file, or SQL for the store to run. */
export type UserOutput = (
  | { readonly kind: "rows"; readonly file: ExchangeFile }
  | { readonly kind: "query"; readonly query: StagedQuery }
  | { readonly kind: "merge"; readonly merge: StagedMerge }
) & { readonly report: AttemptReport };

/** Runs the author's function in a child. The one place where user code runs; what it does, its process included, is an outcome. */
export function callUserCode(work: StepWork): Promise<VerbResult<UserOutput>> {
  return callers[work.asset.kind](work);
}

const callers: Readonly<Record<AssetKind, (work: StepWork) => Promise<VerbResult<UserOutput>>>> = {
  asset: callForRows,
  source: callForRows,
  query: callForQuery,
  merge: callForMerge,
};

async function callForRows(work: StepWork): Promise<VerbResult<UserOutput>> {
  const given = await exportArguments(work);
  try {
    await mkdir(work.stagingDirectory, { recursive: true });
    const format = work.store.exchangeFormat;
    const path = join(work.stagingDirectory, `rows.${format}`);
    const answered = await performInChild(work, {
      kind: "run",
      asset: work.asset,
      arguments: given.arguments,
      attempt: await attemptFacts(work),
      output: { path, format, schema: work.spec.schema },
    });
    if (answered.kind === "ended") return answered;
    const result = answered.value;
    if (result.kind === "invalidRows") return blockedBy(work, result.failures, result.rowCount);
    return done(expectKind(result, "rows"), (rows) => ({ kind: "rows", file: rows.file, report: rows.report }));
  } finally {
    for (const file of given.held) file[Symbol.dispose]();
  }
}

async function callForQuery(work: StepWork): Promise<VerbResult<UserOutput>> {
  const { arguments: given, relations } = relateArguments(work);
  const attempt = await attemptFacts(work);
  const answered = await performInChild(work, { kind: "compile", asset: work.asset, arguments: given, attempt });
  if (answered.kind === "ended") return answered;
  const compiled = expectKind(answered.value, "compiled");
  return done(compiled, ({ query, report }) => ({ kind: "query", query: bindQuery(query, relations), report }));
}

async function callForMerge(work: StepWork): Promise<VerbResult<UserOutput>> {
  const { arguments: given, relations } = relateArguments(work);
  const attempt = await attemptFacts(work);
  const answered = await performInChild(work, { kind: "compileMerge", asset: work.asset, arguments: given, attempt });
  if (answered.kind === "ended") return answered;
  const policy = policyOf(work);
  return done(expectKind(answered.value, "compiledMerge"), ({ branches, report }) => ({
    kind: "merge",
    merge: {
      policy,
      baseVersion: work.step.head?.version ?? null,
      branches: branches.map((branch) => bindBranch(work, branch, relations)),
    },
    report,
  }));
}

/** The relations of a query are all of the function's, in their order, so that `input_1` is the second whatever the query uses. */
function bindQuery({ sql, parameters }: CompiledQuery, relations: Relations): StagedQuery {
  return { sql, parameters, inputs: [...relations.values()].map(({ input }) => input) };
}

/** A batch is known by its branch and by the partitions that it was read from: other versions of the same partitions supersede it. */
function bindBranch({ step }: StepWork, branch: CompiledBranch, relations: Relations): StagedBranch {
  const { name, columns, query } = branch;
  const read = query.relations.map((relation) => relations.get(relation)).filter((source) => source !== undefined);
  const from = read.map(({ input: { asset, versions }, readsAll }): Json => {
    return [asset.key, readsAll ? "*" : versions.map(({ partition }) => partition)];
  });
  const first = step.inputs.find((input) => read.some(({ input: { asset } }) => asset.key === input.asset));
  const delivery: Delivery = {
    batchKey: JSON.stringify([name, from]),
    query: bindQuery(query, relations),
    emits: "state",
    sequence: 0n,
    cursor: null,
    promise: null,
    origin: {
      asset: first?.asset ?? step.asset,
      partition: first?.partition ?? step.partition,
      version: first?.version ?? 0,
      commitId: first?.commitId ?? "",
      codeVersion: step.codeVersion,
      runId: step.runId,
      traceId: step.traceId,
    },
  };
  return { name, columns, deliveries: [delivery] };
}

function policyOf({ asset, spec }: StepWork): MergePolicy {
  if (spec.policy !== null) return spec.policy;
  throw new WatersmeetError("INTERNAL", `merge "${asset.key}" has no policy`);
}

function expectKind<K extends ChildResult["kind"]>(
  result: ChildResult,
  kind: K,
): Extract<ChildResult, { readonly kind: K }> {
  if (isOfKind(result, kind)) return result;
  throw new WatersmeetError("INTERNAL", `a child answered ${result.kind} when asked for ${kind}`);
}

function isOfKind<K extends ChildResult["kind"]>(
  result: ChildResult,
  kind: K,
): result is Extract<ChildResult, { readonly kind: K }> {
  return result.kind === kind;
}

function done<T>(result: T, output: (result: T) => UserOutput): VerbResult<UserOutput> {
  return { kind: "done", value: output(result) };
}
