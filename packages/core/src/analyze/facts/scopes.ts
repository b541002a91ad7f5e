import { ts } from "ts-morph";

/** Names of the file's top level that an inner declaration hides, from the inside out. Only those matter, so most scopes are their parent. */
export interface Scope {
  readonly hidden: ReadonlySet<string>;
  readonly parent: Scope | null;
}

/** What a scope needs to know of its file. */
export interface ScopeFile {
  readonly topLevelNames: ReadonlySet<string>;
  /** Whether `var` occurs at all: hoisting is looked for only then. */
  readonly hasVar: boolean;
}

export function isHidden(scope: Scope | null, name: string): boolean {
  for (let at = scope; at !== null; at = at.parent) if (at.hidden.has(name)) return true;
  return false;
}

/** The scope inside a node, which is the given one when the node hides nothing. */
export function enterScope(node: ts.Node, scope: Scope | null, file: ScopeFile): Scope | null {
  let hidden: Set<string> | null = null;
  collectHidden(node, file, (name) => {
    if (file.topLevelNames.has(name)) hidden = (hidden ?? new Set()).add(name);
  });
  return hidden === null ? scope : { hidden, parent: scope };
}

/** Every name that a binding declares: `a`, `{ a, b: [c] }`. */
export function listBoundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : listBoundNames(element.name)));
}

type Add = (name: string) => void;

function collectHidden(node: ts.Node, file: ScopeFile, add: Add): void {
  if (ts.isFunctionLike(node)) return collectOfFunction(node, file, add);
  if (ts.isBlock(node) || ts.isModuleBlock(node)) return collectOfStatements(node.statements, add);
  if (ts.isCaseBlock(node)) return node.clauses.forEach((clause) => collectOfStatements(clause.statements, add));
  if (ts.isCatchClause(node)) {
    if (node.variableDeclaration !== undefined) listBoundNames(node.variableDeclaration.name).forEach(add);
  } else if (ts.isForStatement(node) || ts.isForOfStatement(node) || ts.isForInStatement(node)) {
    const { initializer } = node;
    if (initializer !== undefined && ts.isVariableDeclarationList(initializer)) collectOfList(initializer, add);
  } else if (ts.isClassLike(node) && node.name !== undefined) add(node.name.text);
}

function collectOfFunction(node: ts.SignatureDeclaration, file: ScopeFile, add: Add): void {
  if (ts.isFunctionExpression(node) && node.name !== undefined) add(node.name.text);
  for (const param of node.parameters) if (ts.isParameter(param)) listBoundNames(param.name).forEach(add);
  const body = "body" in node ? node.body : undefined;
  if (file.hasVar && body !== undefined) collectVars(body, add);
}

function collectOfStatements(statements: readonly ts.Statement[], add: Add): void {
  for (const statement of statements) {
    if (ts.isVariableStatement(statement)) collectOfList(statement.declarationList, add);
    else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
      if (statement.name !== undefined) add(statement.name.text);
    } else if (ts.isEnumDeclaration(statement)) add(statement.name.text);
  }
}

function collectOfList(list: ts.VariableDeclarationList, add: Add): void {
  for (const declaration of list.declarations) listBoundNames(declaration.name).forEach(add);
}

/** `var` belongs to the whole function, however deep in its blocks it stands. */
function collectVars(node: ts.Node, add: Add): void {
  if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === 0) collectOfList(node, add);
  if (ts.isFunctionLike(node)) return;
  ts.forEachChild(node, (child) => collectVars(child, add));
}
