import type { ErrorCode } from "../../errors/codes.ts";
import type { Problem, SourceLocation } from "../../errors/problem.ts";
import { compareStrings } from "../../values/compare.ts";
import type { FileFacts, Span } from "../facts/file-facts.ts";
import type { SourceFile } from "../sources/read-sources.ts";
import type { Binding, Head, StarIndex } from "./heads.ts";

/** One linking of a project: its facts, what was found out so far, and the problems. */
export interface Linking {
  readonly files: ReadonlyMap<string, SourceFile>;
  /** By code, place and message, so that what many assets share is reported once. */
  readonly problems: Map<string, Problem>;
  readonly exportBindings: Map<string, Binding>;
  readonly exportedNames: Map<string, readonly string[]>;
  readonly starIndexes: Map<string, StarIndex>;
  /** What is wrong with partitions, by their JSON; empty when nothing is. */
  readonly partitionFaults: Map<string, string>;
  /** By file, then name. */
  readonly declarationHeads: Map<string, Map<string, Head>>;
}

/** A problem as linking finds it. */
export interface Finding {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly file: string;
  readonly at: Span;
}

export function startLinking(files: ReadonlyMap<string, SourceFile>): Linking {
  return {
    files,
    problems: new Map(),
    exportBindings: new Map(),
    exportedNames: new Map(),
    starIndexes: new Map(),
    partitionFaults: new Map(),
    declarationHeads: new Map(),
  };
}

export function report(linking: Linking, { code, message, hint, file, at }: Finding): void {
  const location = locate(linking, file, at);
  const key = [code, file, at[0], at[1], message].join("\n");
  if (!linking.problems.has(key)) linking.problems.set(key, { code, message, hint, at: location });
}

/** All problems, by file, then line, then column. */
export function listProblems({ problems }: Linking): Problem[] {
  return [...problems.values()].sort((a, b) => comparePlaces(a.at, b.at) || compareStrings(a.code, b.code));
}

export function locate(linking: Linking, file: string, [start, end]: Span): SourceLocation {
  const { lineStarts } = factsOf(linking, file);
  const line = lineOf(lineStarts, start);
  const endLine = lineOf(lineStarts, end);
  return {
    file,
    line,
    column: start - (lineStarts[line - 1] ?? 0) + 1,
    endLine,
    endColumn: end - (lineStarts[endLine - 1] ?? 0) + 1,
  };
}

/** Facts of a file that is known to be read. */
export function factsOf({ files }: Pick<Linking, "files">, file: string): FileFacts {
  return sourceOf({ files }, file).facts;
}

export function sourceOf({ files }: Pick<Linking, "files">, file: string): SourceFile {
  const source = files.get(file);
  if (source === undefined) throw new Error(`${file} was not read`);
  return source;
}

/** Counted from 1: the last line that starts at or before the offset. */
function lineOf(lineStarts: readonly number[], offset: number): number {
  let low = 0;
  let high = lineStarts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function comparePlaces(a: SourceLocation | undefined, b: SourceLocation | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareStrings(a.file, b.file) || a.line - b.line || a.column - b.column;
}
