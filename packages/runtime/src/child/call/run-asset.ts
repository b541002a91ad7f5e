import type { Definition } from "@watersmeet/core";
import { countRowIssues } from "@watersmeet/core/gate";
import { buildRowParser, type Row } from "@watersmeet/core/schema";
import type { Json } from "@watersmeet/core/values";
import type { ChildResult, ChildWork } from "../protocol.ts";
import { buildParameters } from "./build-parameters.ts";
import { callFunction } from "./call-function.ts";
import type { AttemptContext } from "./create-context.ts";
import { openRowOutput, type RowOutput } from "./row-output.ts";
import { nameSavedPart, writeSavedRows, type SavedRows } from "./saved-rows.ts";
import { visitRows } from "./visit-rows.ts";

type RunWork = Extract<ChildWork, { readonly kind: "run" }>;

/** Rows that are parsed and written together. */
const batchRows = 1_024;

/**
 * Calls the function of an asset or source and gives its rows, as its schema's output: few of them as they are, more in a sealed file. When the schema
 * refuses a row nothing is given, and the rest of the rows is read only to be counted.
 */
export async function runAsset(
  work: RunWork,
  definition: Definition,
  { context, saved }: { readonly context: AttemptContext; readonly saved: SavedRows | null },
): Promise<ChildResult> {
  const parse = buildRowParser(definition.schema, work.output.schema);
  const { path, schema, messageBytes = 0 } = work.output;
  const output = openRowOutput({ path, schema, messageBytes, kept: saved?.parts ?? [] });
  const queue = createQueue();
  const issues = countRowIssues();
  let rowCount = saved?.parts.reduce((sum, part) => sum + part.rowCount, 0) ?? 0;
  let batch: Row[] = [];
  const take = (row: unknown): Promise<void> | null => {
    rowCount += 1;
    const parsed = parse(row);
    if (parsed.row === null) issues.add(row, parsed.issues);
    else batch.push(parsed.row);
    if (batch.length < batchRows) return null;
    return flush();
  };
  const flush = (): Promise<void> | null => {
    const full = batch;
    batch = [];
    return issues.rowCount === 0 ? queue(() => output.write(full)) : null;
  };
  const keep = createKeeper(work, output);
  try {
    context.ctx.signal.throwIfAborted();
    const returned = await callFunction(definition, buildParameters(work.arguments, context.ctx));
    context.keepWith(async (cursor) => {
      await flush();
      if (issues.rowCount === 0) await queue(() => keep(cursor));
    });
    await visitRows(returned, take);
    if (issues.rowCount > 0) return { kind: "invalidRows", rowCount, failures: issues.listFailures() };
    await flush();
    return { ...(await output.seal()), report: context.report() };
  } finally {
    await output.abandon();
  }
}

/** Keeping may take a twentieth of an attempt's time: what is asked for sooner after the last time is left out. */
const keepShare = 20;

function createKeeper({ savedDirectory }: RunWork, output: RowOutput): (cursor: Json) => Promise<void> {
  let notBeforeMs = 0;
  return async (cursor) => {
    const startedMs = performance.now();
    if (startedMs < notBeforeMs) return;
    const parts = await output.keep(await nameSavedPart(savedDirectory));
    await writeSavedRows(savedDirectory, { cursor, parts });
    const endedMs = performance.now();
    notBeforeMs = endedMs + keepShare * (endedMs - startedMs);
  };
}

/** One after the other: a generator may go on yielding while what it has yielded is kept. */
function createQueue(): (work: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve();
  return (work) => (last = last.then(work));
}
