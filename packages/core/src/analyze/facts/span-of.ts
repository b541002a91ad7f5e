import type { ts } from "ts-morph";
import type { Span } from "./file-facts.ts";

/** Where a node stands, without the comments and white space before it. */
export function spanOf(node: ts.Node, file: ts.SourceFile): Span {
  return [node.getStart(file), node.end];
}
