import type { ErrorCode } from "./codes.ts";

/** A place in a source file. Lines and columns count from 1; `endColumn` is exclusive. */
export interface SourceLocation {
  /** Relative to the project's root, with forward slashes. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

/** Something wrong that was found before anything ran. Problems are returned in lists, all of them, never thrown one by one. */
export interface Problem {
  readonly code: ErrorCode;
  /** What happened, with the names involved. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  readonly at?: SourceLocation;
}
