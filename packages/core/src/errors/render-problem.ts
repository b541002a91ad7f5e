import type { Problem, SourceLocation } from "./problem.ts";

export interface RenderOptions {
  /** Whether to use ANSI colours. */
  readonly color: boolean;
}

/**
 * A problem the way compilers show them, with the line it is about and a caret under the place. Without the text, or when the text has no such
 * line, the place alone.
 *
 *     error ANALYZE_UNKNOWN_NAME: there is no "raw.ordrs": assets/raw.ts does not export it
 *       --> assets/paid.ts:5:42
 *       4 | export const paid = query(
 *     > 5 |   { schema: Paid }, (orders: In<typeof raw.ordrs>, db: Db) =>
 *         |                                 ^^^^^^^^^^^^^^^^
 *       = Did you mean `orders`?
 */
export function renderProblem(problem: Problem, sourceText: string | undefined, { color }: RenderOptions): string {
  const paint = color ? paints : plain;
  const { at, hint } = problem;
  const lines = [`${paint.error(`error ${problem.code}`)}: ${problem.message}`];
  if (at !== undefined) lines.push(`  ${paint.dim("-->")} ${at.file}:${at.line}:${at.column}`);
  if (at !== undefined && sourceText !== undefined) lines.push(...renderFrame(at, sourceText.split(/\r?\n/), paint));
  if (hint !== undefined) lines.push(`  ${paint.dim("=")} ${hint}`);
  return lines.join("\n");
}

interface Paint {
  readonly error: (text: string) => string;
  readonly dim: (text: string) => string;
}

const plain: Paint = { error: (text) => text, dim: (text) => text };
const paints: Paint = { error: (text) => `\u001B[1;31m${text}\u001B[0m`, dim: (text) => `\u001B[2m${text}\u001B[0m` };

/** Longer lines are cut around the place. */
const maxWidth = 140;

/** The line, the one before it when it says something, and the caret. */
function renderFrame(at: SourceLocation, source: readonly string[], paint: Paint): string[] {
  const line = source[at.line - 1];
  if (line === undefined) return [];
  const width = String(at.line).length;
  const before = source[at.line - 2];
  const cut = at.column > maxWidth - 20 ? at.column - 40 : 0;
  const shown = shorten(line.slice(cut));
  const frame =
    before === undefined || before.trim() === "" ? [] : [`  ${gutter(at.line - 1, width)} ${shorten(before)}`];
  frame.push(`${paint.error(">")} ${gutter(at.line, width)} ${shown}`);
  frame.push(
    `  ${" ".repeat(width)} | ${indent(line.slice(cut), at.column - 1 - cut)}${paint.error("^".repeat(caretLength(at, line)))}`,
  );
  return frame;
}

function gutter(line: number, width: number): string {
  return `${String(line).padStart(width)} |`;
}

function shorten(line: string): string {
  return line.length > maxWidth ? `${line.slice(0, maxWidth - 1)}…` : line;
}

/** Tabs stay tabs, so that the caret stands under its place however wide they are shown. */
function indent(line: string, length: number): string {
  return line.slice(0, length).replace(/[^\t]/g, " ").padEnd(length);
}

/** On the first line of a place that spans several. */
function caretLength({ line, column, endLine = line, endColumn = column + 1 }: SourceLocation, text: string): number {
  const end = endLine > line ? text.length + 1 : endColumn;
  return Math.max(1, Math.min(end, text.length + 1, column + maxWidth) - column);
}
