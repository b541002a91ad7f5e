import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codes, type CodeFacts } from "../../packages/core/src/errors/index.ts";

export const errorReferencePath = join(import.meta.dirname, "../../docs/reference/errors.md");

const introduction = `# Errors

Generated from \`packages/core/src/errors/codes.ts\` by \`node tools/docs/error-reference.ts\`; a test compares the two.

A code is never renamed and never reused: match on codes, not on texts. Every error says what happened, and its hint says what to do next.
*Exit* is what the \`watersmeet\` command returns, *HTTP* the status of an answer, *again* whether another attempt can succeed without anybody changing anything.
`;

/** The page as it should be: every code, in alphabetical order. */
export function renderErrorReference(): string {
  const rows = Object.entries<CodeFacts>(codes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { summary, exitCode, httpStatus, isRetryable }]) =>
        `| \`${code}\` | ${summary} | ${exitCode} | ${httpStatus} | ${isRetryable ? "yes" : "no"} |`,
    );
  return [introduction, "| Code | What happened | Exit | HTTP | Again |", "|---|---|---|---|---|", ...rows, ""].join(
    "\n",
  );
}

export function readErrorReference(): string {
  return readFileSync(errorReferencePath, "utf8");
}

if (import.meta.main) writeFileSync(errorReferencePath, renderErrorReference());
