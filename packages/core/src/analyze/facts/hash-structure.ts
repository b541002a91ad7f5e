import { hash } from "node:crypto";
import { ts } from "ts-morph";
import { dynamicImportPrefix, type CallSite, type Code, type Span } from "./file-facts.ts";
import { hasSeveralReturns } from "./list-returns.ts";
import { enterScope, isHidden, type Scope, type ScopeFile } from "./scopes.ts";
import { unwrap } from "./unwrap.ts";

/** What the walk knows of the file, and what it finds on the way. */
export interface StructureFile extends ScopeFile {
  readonly source: ts.SourceFile;
  readonly importedNames: ReadonlySet<string>;
  /** Filled by the walk. */
  readonly calls: Map<string, CallSite[]>;
  /** Filled by the walk. */
  readonly uses: Map<string, number[]>;
  /** Filled by the walk: modules of `import("…")`. */
  readonly dynamicImports: Map<string, Span>;
  /** Codes of function expressions that were walked, so that no function is walked twice. */
  readonly functions: Map<ts.Node, Code>;
}

type Surroundings = CallSite[2];

interface Walk {
  readonly file: StructureFile;
  readonly tokens: string[];
  readonly refs: Set<string>;
  /** Whether calls and uses are recorded: each piece of a file is recorded once, however often it is hashed. */
  readonly isRecording: boolean;
  surroundings: Surroundings;
}

/**
 * Structure of a piece of code: kinds of nodes, identifiers, literals, operators, `let` and `const`. Left out are comments, formatting, quotes,
 * semicolons, parentheses, types, `as`, `satisfies`, `!` and `export`.
 */
export function hashStructure(nodes: readonly ts.Node[], scope: Scope | null, file: StructureFile): Code {
  return walkAll(nodes, scope, { file, isRecording: false });
}

/** The same, and records the calls and uses of names that it meets. */
export function recordStructure(nodes: readonly ts.Node[], scope: Scope | null, file: StructureFile): Code {
  return walkAll(nodes, scope, { file, isRecording: true });
}

function walkAll(nodes: readonly ts.Node[], scope: Scope | null, start: Pick<Walk, "file" | "isRecording">): Code {
  const walk: Walk = { ...start, tokens: [], refs: new Set(), surroundings: 0 };
  for (const node of nodes) visit(node, scope, walk);
  return finish(walk);
}

function finish(walk: Walk): Code {
  return { hash: hash("sha256", walk.tokens.join("\n"), "base64url").slice(0, 27), refs: [...walk.refs].sort() };
}

const transparent: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.ParenthesizedExpression,
  ts.SyntaxKind.AsExpression,
  ts.SyntaxKind.SatisfiesExpression,
  ts.SyntaxKind.NonNullExpression,
  ts.SyntaxKind.TypeAssertionExpression,
]);

/** What the run time never sees. */
const erased: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.InterfaceDeclaration,
  ts.SyntaxKind.TypeAliasDeclaration,
  ts.SyntaxKind.TypeParameter,
  ts.SyntaxKind.EmptyStatement,
  ts.SyntaxKind.ExportKeyword,
  ts.SyntaxKind.DefaultKeyword,
  ts.SyntaxKind.DeclareKeyword,
  ts.SyntaxKind.PublicKeyword,
  ts.SyntaxKind.PrivateKeyword,
  ts.SyntaxKind.ProtectedKeyword,
  ts.SyntaxKind.ReadonlyKeyword,
  ts.SyntaxKind.AbstractKeyword,
  ts.SyntaxKind.OverrideKeyword,
  ts.SyntaxKind.IndexSignature,
]);

/** `x?: T` and `x!: T` */
const typeMarks: ReadonlySet<ts.SyntaxKind> = new Set([ts.SyntaxKind.QuestionToken, ts.SyntaxKind.ExclamationToken]);

const loops: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.ForStatement,
  ts.SyntaxKind.ForOfStatement,
  ts.SyntaxKind.ForInStatement,
  ts.SyntaxKind.WhileStatement,
  ts.SyntaxKind.DoStatement,
]);

function visit(node: ts.Node, scope: Scope | null, walk: Walk): void {
  const { kind } = node;
  if (ts.isIdentifier(node)) return visitReference(node, scope, walk);
  if (transparent.has(kind)) return visitTransparent(node, scope, walk);
  if (erased.has(kind) || (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node))) return;
  if (ts.isHeritageClause(node) && node.token === ts.SyntaxKind.ImplementsKeyword) return;
  if (ts.isFunctionLike(node)) return visitFunction(node, scope, walk);
  if (ts.isStringLiteralLike(node)) return void walk.tokens.push(`"${JSON.stringify(node.text)}`);
  if (ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node)) {
    return void walk.tokens.push(`${kind} ${JSON.stringify(node.text)}`);
  }
  if (ts.isPropertyAccessExpression(node)) return visitPropertyAccess(node, scope, walk);
  if (ts.isCallExpression(node)) return visitCall(node, scope, walk);
  walk.tokens.push(describeNode(node));
  const inner = enterScope(node, scope, walk.file);
  const { surroundings } = walk;
  if (loops.has(kind)) walk.surroundings = 1;
  visitChildren(node, inner, walk);
  walk.surroundings = surroundings;
  // Children are a list without an end: without this, `f(a)(b)` and `f(a, (b))` would read the same.
  walk.tokens.push(")");
}

/** Kind, and what of the node is neither a child nor formatting. */
function describeNode(node: ts.Node): string {
  if (ts.isVariableDeclarationList(node)) return `${node.kind} ${node.flags & ts.NodeFlags.BlockScoped}`;
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return `${node.kind} ${node.operator}`;
  if (ts.isMetaProperty(node)) return `${node.kind} ${node.keywordToken}`;
  return `${node.kind}`;
}

/** Visits children, with the names among them that are no references as mere tokens. */
function visitChildren(node: ts.Node, scope: Scope | null, walk: Walk): void {
  const names = listNameNodes(node);
  ts.forEachChild(node, (child) => {
    if (names?.includes(child)) visitName(child, scope, walk);
    else visit(child, scope, walk);
  });
  if (ts.isShorthandPropertyAssignment(node)) visitReference(node.name, scope, walk);
}

function listNameNodes(node: ts.Node): readonly (ts.Node | undefined)[] | null {
  if (ts.isBindingElement(node)) return [node.propertyName, node.name];
  if (ts.isVariableDeclaration(node) || ts.isParameter(node)) {
    return [node.name, node.type, ts.isParameter(node) ? node.questionToken : node.exclamationToken];
  }
  if (ts.isPropertyDeclaration(node)) return [node.name, node.questionToken, node.exclamationToken];
  if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node) || ts.isEnumMember(node))
    return [node.name];
  if (ts.isClassLike(node) || ts.isEnumDeclaration(node) || ts.isMetaProperty(node) || ts.isModuleDeclaration(node))
    return [node.name];
  if (ts.isLabeledStatement(node) || ts.isBreakOrContinueStatement(node)) return [node.label];
  return null;
}

function visitName(node: ts.Node, scope: Scope | null, walk: Walk): void {
  if (ts.isIdentifier(node) || ts.isStringLiteral(node) || ts.isPrivateIdentifier(node))
    walk.tokens.push(`.${node.text}`);
  else if (!ts.isTypeNode(node) && !typeMarks.has(node.kind)) visit(node, scope, walk);
}

function visitTransparent(node: ts.Node, scope: Scope | null, walk: Walk): void {
  ts.forEachChild(node, (child) => visit(child, scope, walk));
}

function visitReference(node: ts.Identifier, scope: Scope | null, walk: Walk): void {
  walk.tokens.push(`:${node.text}`);
  noteReference(node, { path: node.text, scope, walk });
}

interface Reference {
  readonly path: string;
  readonly scope: Scope | null;
  readonly walk: Walk;
}

function noteReference(root: ts.Identifier, { path, scope, walk }: Reference): void {
  const { file } = walk;
  if (!file.topLevelNames.has(root.text) || isHidden(scope, root.text)) return;
  const isImported = file.importedNames.has(root.text);
  walk.refs.add(isImported ? path : root.text);
  if (!isImported || !walk.isRecording) return;
  const uses = file.uses.get(path);
  if (uses === undefined) file.uses.set(path, [root.getStart(file.source)]);
  else uses.push(root.getStart(file.source));
}

function visitPropertyAccess(node: ts.PropertyAccessExpression, scope: Scope | null, walk: Walk): void {
  walk.tokens.push(node.questionDotToken === undefined ? "." : "?.");
  const of = unwrap(node.expression);
  if (ts.isIdentifier(of)) {
    walk.tokens.push(`:${of.text}`);
    noteReference(of, { path: `${of.text}.${node.name.text}`, scope, walk });
  } else visit(node.expression, scope, walk);
  walk.tokens.push(`.${node.name.text}`);
}

function visitCall(node: ts.CallExpression, scope: Scope | null, walk: Walk): void {
  walk.tokens.push(`${node.kind}${node.questionDotToken === undefined ? "" : "?."}`);
  const { file } = walk;
  noteDynamicImport(node, walk);
  const callee = unwrap(node.expression);
  const path = calleePath(callee);
  const root = path?.split(".", 1)[0] ?? "";
  if (path !== null && file.topLevelNames.has(root) && !isHidden(scope, root)) {
    walk.tokens.push(`:${path}`);
    walk.refs.add(file.importedNames.has(root) ? path : root);
    if (walk.isRecording) recordCall(path, node, walk);
  } else visit(node.expression, scope, walk);
  for (const argument of node.arguments) visit(argument, scope, walk);
  walk.tokens.push(")");
}

/** Such a module is code that the function reaches, like one that is imported at the top. */
function noteDynamicImport(node: ts.CallExpression, { file, refs }: Walk): void {
  const [specifier] = node.arguments;
  if (
    node.expression.kind !== ts.SyntaxKind.ImportKeyword ||
    specifier === undefined ||
    !ts.isStringLiteralLike(specifier)
  )
    return;
  refs.add(`${dynamicImportPrefix}${specifier.text}`);
  file.dynamicImports.set(specifier.text, [specifier.getStart(file.source), specifier.end]);
}

function recordCall(path: string, node: ts.CallExpression, { file, surroundings }: Walk): void {
  const site: CallSite = [node.getStart(file.source), node.end, surroundings];
  const sites = file.calls.get(path);
  if (sites === undefined) file.calls.set(path, [site]);
  else sites.push(site);
}

/** `f` and `ns.f`; `null` for anything deeper or computed. */
function calleePath(callee: ts.Expression): string | null {
  if (ts.isIdentifier(callee)) return callee.text;
  if (!ts.isPropertyAccessExpression(callee) || callee.questionDotToken !== undefined) return null;
  const of = unwrap(callee.expression);
  return ts.isIdentifier(of) ? `${of.text}.${callee.name.text}` : null;
}

/** A function stands in its surroundings as one token, its own hash, and is walked once. */
function visitFunction(node: ts.SignatureDeclaration, scope: Scope | null, walk: Walk): void {
  if (!("body" in node) || node.body === undefined) return;
  let code = walk.file.functions.get(node);
  if (code === undefined) {
    const surroundings = hasSeveralReturns(node.body) ? 3 : 2;
    const inner: Walk = {
      file: walk.file,
      isRecording: walk.isRecording,
      tokens: [`${node.kind}`],
      refs: new Set(),
      surroundings,
    };
    visitFunctionParts(node, scope, inner);
    code = finish(inner);
    walk.file.functions.set(node, code);
  }
  walk.tokens.push(code.hash);
  for (const ref of code.refs) walk.refs.add(ref);
}

function visitFunctionParts(node: ts.SignatureDeclaration, scope: Scope | null, walk: Walk): void {
  const inner = enterScope(node, scope, walk.file);
  ts.forEachChild(node, (child) => {
    if (child === node.name) visitName(child, scope, walk);
    else if (!("questionToken" in node && child === node.questionToken) && !isThisParameter(child))
      visit(child, inner, walk);
  });
}

function isThisParameter(node: ts.Node): boolean {
  return ts.isParameter(node) && ts.isIdentifier(node.name) && node.name.text === "this";
}
