import type { Definition } from "@watersmeet/core";
import { countRowIssues } from "@watersmeet/core/gate";
import { buildRowParser, type Row } from "@watersmeet/core/schema";
import { openRowWriter } from "../../exchange/open-row-writer.ts";
import type { ChildResult, ChildWork } from "../protocol.ts";
import { buildParameters } from "./build-parameters.ts";
import { callFunction } from "./call-function.ts";
import type { AttemptContext } from "./create-context.ts";
import { visitRows } from "./visit-rows.ts";

/** Rows that are parsed and written together. */
const batchRows = 1_024;

/**
 * Calls the function of an asset or source and writes its rows, as its schema's output, to a sealed file. When the schema refuses a row
 * nothing is written, and the rest of the rows is read only to be counted.
 */
export async function runAsset(
  work: Extract<ChildWork, { readonly kind: "run" }>,
  definition: Definition,
  context: AttemptContext,
): Promise<ChildResult> {
  const parse = buildRowParser(definition.schema, work.output.schema);
  const writer = await openRowWriter({ path: work.output.path, schema: work.output.schema });
  const issues = countRowIssues();
  let rowCount = 0;
  let batch: Row[] = [];
  const take = (row: unknown): Promise<void> | null => {
    rowCount += 1;
    const parsed = parse(row);
    if (parsed.row === null) issues.add(row, parsed.issues);
    else batch.push(parsed.row);
    if (batch.length < batchRows) return null;
    const full = batch;
    batch = [];
    return issues.rowCount === 0 ? writer.write(full) : null;
  };
  try {
    context.ctx.signal.throwIfAborted();
    await visitRows(callFunction(definition, buildParameters(work.arguments, context.ctx)), take);
    if (issues.rowCount > 0) return { kind: "invalidRows", rowCount, failures: issues.listFailures() };
    await writer.write(batch);
    return { kind: "rows", file: await writer.seal(), report: context.report() };
  } finally {
    await writer.abandon();
  }
}
