import { ts } from "ts-morph";

/** A few words for messages: "a condition". */
export function describeExpression(node: ts.Node): string {
  return names[node.kind] ?? "an expression";
}

const names: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.ConditionalExpression]: "a condition",
  [ts.SyntaxKind.CallExpression]: "a call",
  [ts.SyntaxKind.AwaitExpression]: "an `await`",
  [ts.SyntaxKind.NewExpression]: "a new object",
  [ts.SyntaxKind.BinaryExpression]: "an operation",
  [ts.SyntaxKind.ArrayLiteralExpression]: "an array with holes",
  [ts.SyntaxKind.ObjectLiteralExpression]: "an object with computed names",
  [ts.SyntaxKind.SpreadElement]: "a spread",
  [ts.SyntaxKind.Identifier]: "a local variable",
};
