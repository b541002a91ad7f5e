import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Argument, ChildResult, ChildWork } from "../../child/protocol.ts";
import { joinFiles } from "../../exchange/join-files.ts";
import { sliceFile } from "../../exchange/slice-file.ts";
import { expectKind } from "../expect-kind.ts";
import { performInChild } from "../perform-in-child.ts";
import { nameStep, type StepWork, type VerbResult } from "../step-work.ts";
import type { StepListener } from "../step.ts";
import { joinReports, joinRowFailures } from "./join-reports.ts";
import { tellEnded, type Slicing } from "./plan-slicing.ts";
import { shareProgress } from "./share-progress.ts";

type RunWork = Extract<ChildWork, { readonly kind: "run" }>;

/** What a slice gave: a sealed file of rows, or what the schema said of those that it refused. All of them together are of the same kind. */
type SliceAnswer = Extract<ChildResult, { readonly kind: "rows" | "invalidRows" }>;

/**
 * Calls the function once for each slice of an input's rows, several at the same time in a child each, and joins what they give. The slices are of this attempt
 * alone: they have no leases, stagings or records of their own. When one of them fails, the attempt fails as it would without them, and the others are
 * ended. All of them together have the time that the asset gives an attempt.
 */
export async function callInSlices(
  work: StepWork,
  request: RunWork,
  { argument, file, by, parts }: Slicing,
): Promise<VerbResult<SliceAnswer>> {
  const directory = join(work.stagingDirectory, "sliced");
  const files = await sliceFile(file, { by, parts, directory, signal: work.signal });
  const called = await callSlices(
    work,
    request,
    files.map((slice) => ({ ...argument, file: slice })),
  );
  const end = findEnd(called);
  if (end !== undefined) return end;
  const answer = await joinAnswers(work, called, request.output.path);
  const records = called.map(({ tookMs }, index) => ({ rowCount: files[index]?.rowCount ?? 0, tookMs }));
  if (answer.kind === "rows") await tellEnded(work, records);
  return { kind: "done", value: answer };
}

interface CalledSlice {
  readonly result: VerbResult<SliceAnswer>;
  readonly tookMs: number;
}

async function callSlices(
  work: StepWork,
  request: RunWork,
  slices: readonly Argument[],
): Promise<readonly CalledSlice[]> {
  const { timeoutMs } = work.spec.execution;
  const listeners = shareProgress(work.listener, slices.length);
  const failed = new AbortController();
  const signal = AbortSignal.any([work.signal, failed.signal]);
  let deadlineMs: number | null = null;
  return callEach(slices, countAtOnce(work), async (argument, index): Promise<CalledSlice> => {
    let startedMs = performance.now();
    const result = await callSlice(work, request, {
      name: `slice ${index + 1} of ${slices.length}`,
      argument,
      listener: listeners[index] ?? work.listener,
      signal,
      timeoutMs: deadlineMs === null ? timeoutMs : Math.max(1, Math.ceil(deadlineMs - startedMs)),
      onStarted() {
        startedMs = performance.now();
        deadlineMs ??= startedMs + timeoutMs;
      },
    });
    if (result.kind === "ended") failed.abort();
    return { result, tookMs: Math.round(performance.now() - startedMs) };
  });
}

interface SliceCall {
  readonly name: string;
  readonly argument: Argument;
  readonly listener: StepListener;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onStarted: () => void;
}

async function callSlice(
  work: StepWork,
  request: RunWork,
  { name, argument, ...options }: SliceCall,
): Promise<VerbResult<SliceAnswer>> {
  const { format, schema } = request.output;
  const directory = join(work.stagingDirectory, name.replaceAll(" ", "-"));
  await mkdir(directory, { recursive: true });
  const slice: RunWork = {
    ...request,
    arguments: request.arguments.map((each) => (each.position === argument.position ? argument : each)),
    output: { path: join(directory, `rows.${format}`), format, schema },
    // Another attempt may have other slices: what one has kept is of no use to it.
    savedDirectory: join(directory, "saved"),
  };
  const answered = await performInChild(work, slice, { ...options, subject: `${nameStep(work.step)}, ${name}` });
  return answered.kind === "ended"
    ? answered
    : { kind: "done", value: expectKind(answered.value, "rows", "invalidRows") };
}

/**
 * How many slices run at the same time: one child is left to the other steps of the worker, where there are enough. Where the asset uses outside systems, no more
 * than the units that the step holds of each: a slice takes none of its own.
 */
function countAtOnce({ children, spec }: StepWork): number {
  const ofChildren = Math.min(children.size, Math.max(2, children.size - 1));
  return Math.min(ofChildren, ...spec.execution.resources.map(({ weight }) => weight));
}

/** In their order, so many at a time. */
async function callEach<T, R>(
  items: readonly T[],
  atOnce: number,
  call: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const rest = items.entries();
  const take = async (): Promise<void> => {
    for (const [index, item] of rest) results.set(index, await call(item, index));
  };
  // What has begun is seen to its end, whatever becomes of the others.
  const ends = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, take));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return items.flatMap((_, index) => results.get(index) ?? []);
}

/** How the attempt ends when not every slice has ended well. What was cancelled because another slice failed says nothing. */
function findEnd(called: readonly CalledSlice[]): Extract<VerbResult<never>, { readonly kind: "ended" }> | undefined {
  const ends = called.flatMap(({ result }) => (result.kind === "ended" ? [result] : []));
  return ends.find(({ outcome }) => outcome.kind !== "cancelled") ?? ends[0];
}

async function joinAnswers(work: StepWork, called: readonly CalledSlice[], path: string): Promise<SliceAnswer> {
  const answers = called.flatMap(({ result }) => (result.kind === "done" ? [result.value] : []));
  const refused = answers.flatMap((answer) => (answer.kind === "invalidRows" ? answer.failures : []));
  const rowCount = answers.reduce((sum, answer) => sum + countRows(answer), 0);
  if (refused.length > 0) return { kind: "invalidRows", rowCount, failures: joinRowFailures(refused) };
  const given = answers.flatMap((answer) => (answer.kind === "rows" ? [answer] : []));
  const report = joinReports(
    given.map((answer) => answer.report),
    nameStep(work.step),
  );
  const file = await joinFiles(
    given.map((answer) => answer.file),
    { path, signal: work.signal },
  );
  return { kind: "rows", file, report };
}

function countRows(answer: SliceAnswer): number {
  return answer.kind === "rows" ? answer.file.rowCount : answer.rowCount;
}
