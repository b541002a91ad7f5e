import { ts } from "ts-morph";

/** First paragraph of the doc comment above a statement, on one line; empty when there is none. */
export function readDocComment(statement: ts.Node, text: string): string {
  const comments = ts.getLeadingCommentRanges(text, statement.pos) ?? [];
  const last = comments.findLast((comment) => text.startsWith("/**", comment.pos));
  if (last === undefined) return "";
  const lines = text
    .slice(last.pos + 3, last.end - 2)
    .split(/\r?\n/)
    .map((line) => line.replace(/^\s*\*? ?/, "").trim());
  const start = lines.findIndex((line) => line !== "");
  if (start === -1) return "";
  const rest = lines.slice(start);
  const end = rest.findIndex((line) => line === "" || line.startsWith("@"));
  return (end === -1 ? rest : rest.slice(0, end)).join(" ");
}
