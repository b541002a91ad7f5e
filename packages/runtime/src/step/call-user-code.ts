import { join } from "node:path";
import type { AssetKind } from "@watersmeet/core/manifest";
import type { Row } from "@watersmeet/core/schema";
import type { AttemptFacts, AttemptReport } from "../child/protocol.ts";
import { messageBytes } from "../exchange/message-rows.ts";
import type { StagedMerge } from "../stores/port/staged-merge.ts";
import type { ExchangeFile, StagedQuery } from "../stores/port/staging.ts";
import { attemptFacts, exportArguments, relateArguments } from "./arguments.ts";
import { bindQuery } from "./bind-query.ts";
import { expectKind } from "./expect-kind.ts";
import { bindMerge } from "./merge/bind-merge.ts";
import { blockedBy } from "./outcome/blocked-by.ts";
import { performInChild } from "./perform-in-child.ts";
import { callInSlices } from "./split/call-in-slices.ts";
import { planSlicing } from "./split/plan-slicing.ts";
import type { StepWork, VerbResult } from "./step-work.ts";

/** What the author's function gave: rows, few as they are and more in a sealed file, or SQL for the store to run. */
export type UserOutput = (
  | { readonly kind: "rows"; readonly file: ExchangeFile }
  | { readonly kind: "messageRows"; readonly rows: readonly Row[] }
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
    const format = work.store.exchangeFormat;
    const path = join(work.stagingDirectory, `rows.${format}`);
    const attempt = await attemptFacts(work);
    const request = {
      kind: "run",
      asset: work.asset,
      arguments: given.arguments,
      attempt,
      output: { path, format, schema: work.spec.schema, messageBytes: work.target.asset.isStamped ? 0 : messageBytes },
      savedDirectory: work.savedDirectory,
    } as const;
    const slicing = await planSlicing(work, given.arguments);
    const answered =
      slicing === null ? await performInChild(work, request) : await callInSlices(work, request, slicing);
    if (answered.kind === "ended") return answered;
    const result = answered.value;
    if (result.kind === "invalidRows") return blockedBy(work, result.failures, result.rowCount);
    if (result.kind === "messageRows") {
      return done(result, ({ rows, report }) => ({
        kind: "messageRows",
        rows,
        report: keepCheckpoint(report, attempt),
      }));
    }
    return done(expectKind(result, "rows"), (rows) => ({
      kind: "rows",
      file: rows.file,
      report: keepCheckpoint(rows.report, attempt),
    }));
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
  const { branches, report } = expectKind(answered.value, "compiledMerge");
  return { kind: "done", value: { kind: "merge", merge: await bindMerge(work, branches, relations), report } };
}

/** A function that sets no cursor leaves it where it was. */
function keepCheckpoint(report: AttemptReport, { checkpoint }: AttemptFacts): AttemptReport {
  return "checkpoint" in report || checkpoint === undefined ? report : { ...report, checkpoint };
}

function done<T>(result: T, output: (result: T) => UserOutput): VerbResult<UserOutput> {
  return { kind: "done", value: output(result) };
}
