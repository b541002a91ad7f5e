import { ts } from "ts-morph";
import type { Expr, TypeDeclarationFact, ValueFact } from "./file-facts.ts";
import { recordStructure, type StructureFile } from "./hash-structure.ts";
import { readDocComment } from "./read-doc-comment.ts";
import { readExpression, readFunction, readOther, type ReadContext } from "./read-expression.ts";
import { readHeritageType, readType, readTypeMembers } from "./read-type.ts";
import { spanOf } from "./span-of.ts";

export interface Declarations {
  readonly values: Map<string, ValueFact>;
  readonly types: Map<string, TypeDeclarationFact>;
}

/** Everything declared at the top level. On the way, every call and use of a name in the file is recorded in `file`. */
export function extractDeclarations(file: StructureFile): Declarations {
  const declarations: Declarations = { values: new Map(), types: new Map() };
  for (const statement of file.source.statements) {
    if (ts.isVariableStatement(statement)) addVariables(statement, file, declarations.values);
    else if (ts.isFunctionDeclaration(statement)) addFunction(statement, file, declarations.values);
    else if (ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement))
      addOpaque(statement, file, declarations);
    else if (ts.isExportAssignment(statement)) addDefault(statement, file, declarations.values);
    else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
      addType(statement, file, declarations.types);
    else if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement))
      recordStructure([statement], null, file);
  }
  return declarations;
}

function addVariables(statement: ts.VariableStatement, file: StructureFile, values: Declarations["values"]): void {
  const doc = readDocComment(statement, file.source.text);
  const { declarationList } = statement;
  for (const declaration of declarationList.declarations) {
    const structure = recordStructure([declaration], null, file);
    const code = { ...structure, hash: `${structure.hash}${declarationList.flags & ts.NodeFlags.BlockScoped}` };
    const value = readInitializer(declaration, file);
    for (const { node, path } of listPlacedNames(declaration.name)) {
      values.set(node.text, { at: spanOf(node, file.source), doc, value, path, code });
    }
  }
}

function readInitializer({ initializer, name }: ts.VariableDeclaration, file: StructureFile): Expr {
  const context = atTopLevel(file);
  return initializer === undefined ? readOther(name, context) : readExpression(initializer, context);
}

interface PlacedName {
  readonly node: ts.Identifier;
  readonly path: readonly string[];
}

/** Names of a pattern with the members that lead to them. Behind a default, a rest or an array there is no plain way. */
function listPlacedNames(name: ts.BindingName, path: readonly string[] = []): PlacedName[] {
  if (ts.isIdentifier(name)) return [{ node: name, path }];
  return name.elements.flatMap((element) => {
    if (ts.isOmittedExpression(element)) return [];
    const key = element.propertyName ?? element.name;
    const isPlain =
      ts.isObjectBindingPattern(name) && element.dotDotDotToken === undefined && element.initializer === undefined;
    const step = isPlain && (ts.isIdentifier(key) || ts.isStringLiteral(key)) ? key.text : unknownMember;
    return listPlacedNames(element.name, [...path, step]);
  });
}

/** No property can have this name in a path that linking follows. */
const unknownMember = "[]";

function addFunction(node: ts.FunctionDeclaration, file: StructureFile, values: Declarations["values"]): void {
  // Of overloads only the implementation has a body.
  if (node.body === undefined) return;
  const code = recordStructure([node], null, file);
  const value: Expr = {
    kind: "function",
    fn: readFunction(node, atTopLevel(file)),
    at: spanOf(node.name ?? node, file.source),
  };
  const at = spanOf(node.name ?? node, file.source);
  values.set(node.name?.text ?? "default", { at, doc: readDocComment(node, file.source.text), value, path: [], code });
}

function addOpaque(
  node: ts.ClassDeclaration | ts.EnumDeclaration,
  file: StructureFile,
  { values, types }: Declarations,
): void {
  const code = recordStructure([node], null, file);
  const name = node.name?.text ?? "default";
  const at = spanOf(node.name ?? node, file.source);
  const what = ts.isEnumDeclaration(node) ? "an enum" : "a class";
  values.set(name, { at, doc: "", value: { kind: "other", what, code, at }, path: [], code });
  types.set(name, { kind: "other", what, at });
}

function addDefault(node: ts.ExportAssignment, file: StructureFile, values: Declarations["values"]): void {
  const code = recordStructure([node.expression], null, file);
  if (ts.isIdentifier(node.expression)) return;
  const value = readExpression(node.expression, atTopLevel(file));
  values.set("default", {
    at: spanOf(node.expression, file.source),
    doc: readDocComment(node, file.source.text),
    value,
    path: [],
    code,
  });
}

function addType(
  node: ts.InterfaceDeclaration | ts.TypeAliasDeclaration,
  { source }: StructureFile,
  types: Declarations["types"],
): void {
  const at = spanOf(node.name, source);
  const params = (node.typeParameters ?? []).map(({ name }) => name.text);
  if (ts.isTypeAliasDeclaration(node)) {
    types.set(node.name.text, { kind: "alias", params, type: readType(node.type, source), at });
    return;
  }
  const parents = (node.heritageClauses ?? []).flatMap((clause) =>
    clause.types.map((type) => readHeritageType(type, source)),
  );
  types.set(node.name.text, { kind: "interface", params, parents, members: readTypeMembers(node.members, source), at });
}

function atTopLevel(file: StructureFile): ReadContext {
  return { file, scope: null, params: new Set() };
}
