import { ts } from "ts-morph";
import type { Span, TupleElement, TypeExpr, TypeMember } from "./file-facts.ts";
import { spanOf } from "./span-of.ts";

/** A type as far as inputs can be written with it. Parentheses and `readonly` are seen through. */
export function readType(node: ts.TypeNode, file: ts.SourceFile): TypeExpr {
  const at: Span = spanOf(node, file);
  if (ts.isTypeReferenceNode(node))
    return { kind: "ref", path: entityPath(node.typeName), args: readTypes(node.typeArguments, file), at };
  if (ts.isTypeQueryNode(node)) return readTypeQuery(node, at);
  if (ts.isImportTypeNode(node)) return readImportType(node, file);
  if (ts.isParenthesizedTypeNode(node)) return { ...readType(node.type, file), at };
  if (ts.isTypeOperatorNode(node) && node.operator === ts.SyntaxKind.ReadonlyKeyword)
    return { ...readType(node.type, file), at };
  if (ts.isTypeLiteralNode(node)) return { kind: "object", members: readTypeMembers(node.members, file), at };
  if (ts.isTupleTypeNode(node))
    return { kind: "tuple", elements: node.elements.map((element) => readElement(element, file)), at };
  if (ts.isArrayTypeNode(node)) return { kind: "array", at };
  if (ts.isUnionTypeNode(node)) return { kind: "union", types: node.types.map((type) => readType(type, file)), at };
  if (ts.isIndexedAccessTypeNode(node)) {
    return { kind: "indexed", object: readType(node.objectType, file), index: readType(node.indexType, file), at };
  }
  if (ts.isConditionalTypeNode(node)) return { kind: "conditional", at };
  if (ts.isMappedTypeNode(node)) return { kind: "mapped", at };
  if (ts.isLiteralTypeNode(node)) return readLiteralType(node, at);
  return readKeyword(node, file);
}

export function readTypes(nodes: readonly ts.TypeNode[] | undefined, file: ts.SourceFile): TypeExpr[] {
  return (nodes ?? []).map((node) => readType(node, file));
}

export function readTypeMembers(members: readonly ts.TypeElement[], file: ts.SourceFile): TypeMember[] {
  return members.map((member) => {
    const at: Span = spanOf(member, file);
    if (!ts.isPropertySignature(member) || member.type === undefined || !isLiteralName(member.name)) {
      return {
        name: null,
        type: { kind: "other", what: "a member without a plain name and type", at },
        isOptional: false,
        at,
      };
    }
    return {
      name: member.name.text,
      type: readType(member.type, file),
      isOptional: member.questionToken !== undefined,
      at,
    };
  });
}

/** A parent in `interface A extends B<C>`. */
export function readHeritageType(node: ts.ExpressionWithTypeArguments, file: ts.SourceFile): TypeExpr {
  const at: Span = spanOf(node, file);
  const path = expressionPath(node.expression);
  if (path === null) return { kind: "other", what: "a computed parent type", at };
  return { kind: "ref", path, args: readTypes(node.typeArguments, file), at };
}

function isLiteralName(name: ts.PropertyName): name is ts.Identifier | ts.StringLiteral {
  return ts.isIdentifier(name) || ts.isStringLiteral(name);
}

function expressionPath(node: ts.Expression): string[] | null {
  if (ts.isIdentifier(node)) return [node.text];
  if (!ts.isPropertyAccessExpression(node)) return null;
  const of = expressionPath(node.expression);
  return of === null ? null : [...of, node.name.text];
}

function entityPath(name: ts.EntityName): string[] {
  return ts.isIdentifier(name) ? [name.text] : [...entityPath(name.left), name.right.text];
}

function readTypeQuery(node: ts.TypeQueryNode, at: Span): TypeExpr {
  if (node.typeArguments !== undefined) return { kind: "other", what: "an instantiation expression", at };
  return { kind: "typeof", specifier: null, path: entityPath(node.exprName), at };
}

function readImportType(node: ts.ImportTypeNode, file: ts.SourceFile): TypeExpr {
  const at = spanOf(node, file);
  const { argument } = node;
  if (!ts.isLiteralTypeNode(argument) || !ts.isStringLiteral(argument.literal)) {
    return { kind: "other", what: "an import type without a literal module", at };
  }
  const specifier = argument.literal.text;
  const path = node.qualifier === undefined ? [] : entityPath(node.qualifier);
  if (node.isTypeOf) return { kind: "typeof", specifier, path, at };
  return { kind: "imported", specifier, path, args: readTypes(node.typeArguments, file), at };
}

function readElement(node: ts.TypeNode | ts.NamedTupleMember, file: ts.SourceFile): TupleElement {
  if (ts.isNamedTupleMember(node)) {
    const type = readType(node.type, file);
    return {
      name: node.name.text,
      type,
      isOptional: node.questionToken !== undefined,
      isRest: node.dotDotDotToken !== undefined,
    };
  }
  if (ts.isOptionalTypeNode(node))
    return { name: null, type: readType(node.type, file), isOptional: true, isRest: false };
  if (ts.isRestTypeNode(node)) return { name: null, type: readType(node.type, file), isOptional: false, isRest: true };
  return { name: null, type: readType(node, file), isOptional: false, isRest: false };
}

function readLiteralType(node: ts.LiteralTypeNode, at: Span): TypeExpr {
  const { literal } = node;
  if (ts.isStringLiteral(literal) || ts.isNoSubstitutionTemplateLiteral(literal))
    return { kind: "literal", value: literal.text, at };
  if (ts.isNumericLiteral(literal)) return { kind: "literal", value: Number(literal.text), at };
  if (literal.kind === ts.SyntaxKind.NullKeyword) return { kind: "nothing", at };
  if (ts.isPrefixUnaryExpression(literal) && ts.isNumericLiteral(literal.operand)) {
    return { kind: "literal", value: -Number(literal.operand.text), at };
  }
  return { kind: "other", what: "a literal type", at };
}

function readKeyword(node: ts.TypeNode, file: ts.SourceFile): TypeExpr {
  const at = spanOf(node, file);
  if (node.kind === ts.SyntaxKind.UndefinedKeyword || node.kind === ts.SyntaxKind.VoidKeyword)
    return { kind: "nothing", at };
  if (node.kind === ts.SyntaxKind.AnyKeyword) return { kind: "untyped", what: "any", at };
  if (node.kind === ts.SyntaxKind.UnknownKeyword) return { kind: "untyped", what: "unknown", at };
  return { kind: "other", what: describeType(node, file), at };
}

function describeType(node: ts.TypeNode, file: ts.SourceFile): string {
  if (ts.isFunctionTypeNode(node)) return "a function type";
  if (ts.isIntersectionTypeNode(node)) return "an intersection type";
  return `\`${node.getText(file)}\``;
}
