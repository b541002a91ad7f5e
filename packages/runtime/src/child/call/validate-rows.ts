import type { Definition } from "@watersmeet/core";
import { countRowIssues } from "@watersmeet/core/gate";
import { buildRowParser } from "@watersmeet/core/schema";
import { readExchangeFile } from "../../exchange/read-exchange-file.ts";
import type { ExchangeFile } from "../../stores/port/staging.ts";
import type { ChildResult } from "../protocol.ts";

/** Holds the rows of a file, made by SQL, against what only zod can check. */
export async function validateRows(
  definition: Definition,
  file: ExchangeFile,
  signal: AbortSignal,
): Promise<ChildResult> {
  const parse = buildRowParser(definition.schema, file.schema);
  const issues = countRowIssues();
  let rowCount = 0;
  for await (const rows of readExchangeFile(file, { signal })) {
    for (const row of rows) {
      rowCount += 1;
      const parsed = parse(row);
      if (parsed.row === null) issues.add(row, parsed.issues);
    }
  }
  if (issues.rowCount === 0) return { kind: "validRows", rowCount };
  return { kind: "invalidRows", rowCount, failures: issues.listFailures() };
}
