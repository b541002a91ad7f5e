import { ts } from "ts-morph";
import { extractDeclarations } from "./extract-declarations.ts";
import { extractModuleLinks } from "./extract-module-links.ts";
import type { CallSite, Code, FileFacts, Span, SyntaxErrorFact } from "./file-facts.ts";
import type { StructureFile } from "./hash-structure.ts";
import { listBoundNames } from "./scopes.ts";

/** Facts of one TypeScript or JavaScript file. The name decides only how the text is parsed (`.tsx`, `.js`). */
export function extractFileFacts(name: string, text: string): FileFacts {
  const source = ts.createSourceFile(name, text, {
    languageVersion: ts.ScriptTarget.ESNext,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
  });
  const links = extractModuleLinks(source);
  const importedNames = new Set(links.imports.keys());
  const file: StructureFile = {
    source,
    importedNames,
    topLevelNames: new Set([...importedNames, ...source.statements.flatMap(listDeclaredNames)]),
    hasVar: /\bvar\b/.test(text),
    calls: new Map<string, CallSite[]>(),
    uses: new Map<string, number[]>(),
    dynamicImports: new Map<string, Span>(),
    functions: new Map<ts.Node, Code>(),
  };
  const { values, types } = extractDeclarations(file);
  for (const [specifier, at] of file.dynamicImports)
    if (!links.specifiers.has(specifier)) links.specifiers.set(specifier, at);
  return {
    lineStarts: [...source.getLineStarts()],
    syntaxErrors: listSyntaxErrors(source),
    specifiers: Object.fromEntries(links.specifiers),
    imports: Object.fromEntries(links.imports),
    exports: Object.fromEntries(links.exports),
    stars: links.stars,
    values: Object.fromEntries(values),
    types: Object.fromEntries(types),
    calls: Object.fromEntries(file.calls),
    uses: Object.fromEntries(file.uses),
  };
}

function listDeclaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => listBoundNames(name));
  }
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    return statement.name === undefined ? [] : [statement.name.text];
  }
  return ts.isEnumDeclaration(statement) ? [statement.name.text] : [];
}

function listSyntaxErrors(source: ts.SourceFile): SyntaxErrorFact[] {
  // The parser's own list has no public name; a program, which has one, would load libraries.
  const { parseDiagnostics } = source as ts.SourceFile & {
    readonly parseDiagnostics?: readonly ts.DiagnosticWithLocation[];
  };
  return (parseDiagnostics ?? []).map(({ messageText, start, length }) => ({
    message: ts.flattenDiagnosticMessageText(messageText, " "),
    at: [start, start + length],
  }));
}
