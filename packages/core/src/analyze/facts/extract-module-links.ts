import { ts } from "ts-morph";
import type { ExportFact, ImportFact, Span } from "./file-facts.ts";
import { listBoundNames } from "./scopes.ts";
import { spanOf } from "./span-of.ts";

/** How a file is tied to others. */
export interface ModuleLinks {
  readonly specifiers: Map<string, Span>;
  readonly imports: Map<string, ImportFact>;
  readonly exports: Map<string, ExportFact>;
  readonly stars: string[];
}

export function extractModuleLinks(source: ts.SourceFile): ModuleLinks {
  const links: ModuleLinks = { specifiers: new Map(), imports: new Map(), exports: new Map(), stars: [] };
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) addImport(statement, source, links);
    else if (ts.isExportDeclaration(statement)) addExportDeclaration(statement, source, links);
    else if (ts.isExportAssignment(statement)) addDefaultExport(statement, source, links);
    else addExportedDeclaration(statement, source, links);
  }
  addImportTypes(source, links);
  return links;
}

function addImport(node: ts.ImportDeclaration, source: ts.SourceFile, links: ModuleLinks): void {
  const specifier = addSpecifier(node.moduleSpecifier, source, links);
  const clause = node.importClause;
  if (specifier === null || clause === undefined) return;
  const isErased = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
  const add = (local: ts.Identifier, name: string, isTypeOnly = isErased): void => {
    links.imports.set(local.text, { specifier, name, isTypeOnly, isErased, at: spanOf(local, source) });
  };
  if (clause.name !== undefined) add(clause.name, "default");
  const bindings = clause.namedBindings;
  if (bindings === undefined) return;
  if (ts.isNamespaceImport(bindings)) add(bindings.name, "*");
  else
    for (const element of bindings.elements)
      add(element.name, (element.propertyName ?? element.name).text, isErased || element.isTypeOnly);
}

function addExportDeclaration(node: ts.ExportDeclaration, source: ts.SourceFile, links: ModuleLinks): void {
  const specifier = node.moduleSpecifier === undefined ? null : addSpecifier(node.moduleSpecifier, source, links);
  const clause = node.exportClause;
  if (clause === undefined) {
    if (specifier !== null) links.stars.push(specifier);
    return;
  }
  if (ts.isNamespaceExport(clause)) {
    if (specifier !== null)
      links.exports.set(clause.name.text, { kind: "from", specifier, name: "*", at: spanOf(clause, source) });
    return;
  }
  for (const element of clause.elements) {
    const at = spanOf(element.name, source);
    const name = (element.propertyName ?? element.name).text;
    links.exports.set(
      element.name.text,
      specifier === null ? { kind: "local", name, at } : { kind: "from", specifier, name, at },
    );
  }
}

function addDefaultExport(node: ts.ExportAssignment, source: ts.SourceFile, links: ModuleLinks): void {
  if (node.isExportEquals === true) return;
  const name = ts.isIdentifier(node.expression) ? node.expression.text : "default";
  links.exports.set("default", { kind: "local", name, at: spanOf(node.expression, source) });
}

function addExportedDeclaration(node: ts.Statement, source: ts.SourceFile, links: ModuleLinks): void {
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return;
  const isDefault = modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
  const at = spanOf(node, source);
  for (const name of listExportedNames(node)) {
    links.exports.set(isDefault ? "default" : name, { kind: "local", name, at });
  }
}

function listExportedNames(node: ts.Statement): string[] {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.flatMap(({ name }) => listBoundNames(name));
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return [node.name?.text ?? "default"];
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isEnumDeclaration(node))
    return [node.name.text];
  return [];
}

/** `typeof import("./x.ts").y`, wherever it stands. */
function addImportTypes(source: ts.SourceFile, links: ModuleLinks): void {
  if (!/\bimport\s*\(/.test(source.text)) return;
  const search = (node: ts.Node): void => {
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      addSpecifier(node.argument.literal, source, links);
    ts.forEachChild(node, search);
  };
  search(source);
}

function addSpecifier(node: ts.Node, source: ts.SourceFile, links: ModuleLinks): string | null {
  if (!ts.isStringLiteral(node)) return null;
  if (!links.specifiers.has(node.text)) links.specifiers.set(node.text, spanOf(node, source));
  return node.text;
}
