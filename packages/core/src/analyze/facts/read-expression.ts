import { ts } from "ts-morph";
import { describeExpression } from "./describe-expression.ts";
import type { Expr, FunctionFact, ObjectMember, Span } from "./file-facts.ts";
import { hashStructure, type StructureFile } from "./hash-structure.ts";
import { listReturns } from "./list-returns.ts";
import { readParam } from "./read-param.ts";
import { readTypes } from "./read-type.ts";
import { enterScope, isHidden, type Scope } from "./scopes.ts";
import { spanOf } from "./span-of.ts";
import { unwrap } from "./unwrap.ts";

export type FunctionNode = ts.ArrowFunction | ts.FunctionExpression | ts.FunctionDeclaration | ts.MethodDeclaration;

export interface ReadContext {
  readonly file: StructureFile;
  readonly scope: Scope | null;
  /** Names of the parameters of the function whose result is read. */
  readonly params: ReadonlySet<string>;
}

/** An expression as far as linking can follow it; the rest is `other`, with its hash. */
export function readExpression(node: ts.Expression, context: ReadContext): Expr {
  const inner = unwrap(node);
  const at = spanOf(inner, context.file.source);
  if (ts.isIdentifier(inner)) return readIdentifier(inner, at, context);
  if (ts.isPropertyAccessExpression(inner) && ts.isIdentifier(inner.name)) {
    return readMember(inner, inner.name.text, context);
  }
  if (ts.isElementAccessExpression(inner) && ts.isStringLiteralLike(inner.argumentExpression)) {
    return readMember(inner, inner.argumentExpression.text, context);
  }
  if (ts.isCallExpression(inner) && isPath(inner.expression)) {
    const callee = readExpression(inner.expression, context);
    const args = inner.arguments.map((argument) => readExpression(argument, context));
    return { kind: "call", callee, args, typeArgs: readTypes(inner.typeArguments, context.file.source), at };
  }
  if (ts.isObjectLiteralExpression(inner)) return readObject(inner, context);
  if (ts.isArrayLiteralExpression(inner) && !inner.elements.some(ts.isOmittedExpression)) {
    return { kind: "array", items: inner.elements.map((item) => readItem(item, context)), at };
  }
  if (ts.isArrowFunction(inner) || ts.isFunctionExpression(inner)) {
    return { kind: "function", fn: readFunction(inner, context), at };
  }
  return readLiteral(inner, context) ?? readOther(inner, context);
}

/** What cannot be followed. Its hash still counts where it is code. */
export function readOther(node: ts.Node, { file, scope }: ReadContext): Expr {
  return {
    kind: "other",
    what: describeExpression(node),
    code: hashStructure([node], scope, file),
    at: spanOf(node, file.source),
  };
}

function readIdentifier(node: ts.Identifier, at: Span, context: ReadContext): Expr {
  if (node.text === "undefined") return { kind: "undefined", at };
  // A local of the function, which is neither its parameter nor a name of the top level.
  if (!context.params.has(node.text) && isHidden(context.scope, node.text)) return readOther(node, context);
  return { kind: "ref", name: node.text, at };
}

function readMember(
  node: ts.PropertyAccessExpression | ts.ElementAccessExpression,
  name: string,
  context: ReadContext,
): Expr {
  if (!isPath(node.expression)) return readOther(node, context);
  return { kind: "member", of: readExpression(node.expression, context), name, at: spanOf(node, context.file.source) };
}

/** `a`, `a.b`, `a["b"].c`: what a call or member can be followed through. */
function isPath(node: ts.Expression): boolean {
  const inner = unwrap(node);
  if (ts.isIdentifier(inner)) return true;
  if (ts.isPropertyAccessExpression(inner)) return isPath(inner.expression);
  return (
    ts.isElementAccessExpression(inner) && ts.isStringLiteralLike(inner.argumentExpression) && isPath(inner.expression)
  );
}

function readItem(item: ts.Expression, context: ReadContext): Expr {
  if (!ts.isSpreadElement(item)) return readExpression(item, context);
  return { kind: "spread", of: readExpression(item.expression, context), at: spanOf(item, context.file.source) };
}

function readObject(node: ts.ObjectLiteralExpression, context: ReadContext): Expr {
  const members: ObjectMember[] = [];
  for (const property of node.properties) {
    const member = readProperty(property, context);
    if (member === null) return readOther(node, context);
    members.push(member);
  }
  return { kind: "object", members, at: spanOf(node, context.file.source) };
}

function readProperty(property: ts.ObjectLiteralElementLike, context: ReadContext): ObjectMember | null {
  if (ts.isSpreadAssignment(property)) return { name: null, value: readExpression(property.expression, context) };
  if (!ts.isIdentifier(property.name) && !ts.isStringLiteral(property.name) && !ts.isNumericLiteral(property.name))
    return null;
  const name = property.name.text;
  if (ts.isShorthandPropertyAssignment(property)) return { name, value: readExpression(property.name, context) };
  if (!ts.isPropertyAssignment(property)) return { name, value: readMethod(property, context) };
  // A schema is only ever hashed, and may be large.
  if (name === "schema" && !isPath(property.initializer))
    return { name, value: readOther(unwrap(property.initializer), context) };
  return { name, value: readExpression(property.initializer, context) };
}

function readMethod(node: ts.ObjectLiteralElementLike, context: ReadContext): Expr {
  if (!ts.isMethodDeclaration(node)) return readOther(node, context);
  return { kind: "function", fn: readFunction(node, context), at: spanOf(node, context.file.source) };
}

function readLiteral(node: ts.Expression, context: ReadContext): Expr | null {
  const at = spanOf(node, context.file.source);
  if (ts.isStringLiteralLike(node)) return { kind: "literal", value: node.text, at };
  if (ts.isNumericLiteral(node)) return { kind: "literal", value: Number(node.text), at };
  if (node.kind === ts.SyntaxKind.TrueKeyword) return { kind: "literal", value: true, at };
  if (node.kind === ts.SyntaxKind.FalseKeyword) return { kind: "literal", value: false, at };
  if (node.kind === ts.SyntaxKind.NullKeyword) return { kind: "literal", value: null, at };
  if (
    ts.isPrefixUnaryExpression(node) &&
    node.operator === ts.SyntaxKind.MinusToken &&
    ts.isNumericLiteral(node.operand)
  ) {
    return { kind: "literal", value: -Number(node.operand.text), at };
  }
  if (ts.isTemplateExpression(node)) return { kind: "template", parts: readTemplate(node, context), at };
  return null;
}

function readTemplate(node: ts.TemplateExpression, context: ReadContext): Expr[] {
  const text = (part: ts.TemplateHead | ts.TemplateMiddle | ts.TemplateTail): Expr => {
    return { kind: "literal", value: part.text, at: spanOf(part, context.file.source) };
  };
  return [
    text(node.head),
    ...node.templateSpans.flatMap((span) => [readExpression(span.expression, context), text(span.literal)]),
  ];
}

/** What linking needs of a function: its parameters' types, its hash, and its result in case it makes assets. */
export function readFunction(node: FunctionNode, context: ReadContext): FunctionFact {
  const { file, scope } = context;
  const params = node.parameters.map((param) => readParam(param, file.source));
  const inner = { file, scope: enterScope(node, scope, file), params: new Set(params.flatMap(({ names }) => names)) };
  return {
    params,
    typeParams: (node.typeParameters ?? []).map(({ name }) => name.text),
    result: readResult(node.body, inner),
    isPlainResult: isPlainResult(node),
    code: file.functions.get(node) ?? hashStructure([node], scope, file),
  };
}

/** Only a call can be an asset, so nothing else is kept. */
function readResult(body: ts.ConciseBody | undefined, context: ReadContext): Expr | null {
  if (body === undefined) return null;
  if (!ts.isBlock(body)) return readCallResult(body, context);
  const [only, ...others] = listReturns(body);
  if (only?.expression === undefined || others.length > 0) return null;
  const scope = enterScope(body, context.scope, context.file);
  return readCallResult(only.expression, { ...context, scope });
}

function readCallResult(node: ts.Expression, context: ReadContext): Expr | null {
  return ts.isCallExpression(unwrap(node)) ? readExpression(node, context) : null;
}

function isPlainResult(node: FunctionNode): boolean {
  if (node.body === undefined) return false;
  const { body } = node;
  const hasOnlyReturn = !ts.isBlock(body) || body.statements.length === 1;
  return hasOnlyReturn && node.parameters.every(({ initializer }) => initializer === undefined);
}
