/**
 * What one file says, as JSON-able data: a pure function of its text. Linking works over facts alone, so a file whose
 * facts are cached costs nothing, and the parser behind them can be replaced. Offsets count UTF-16 units from 0.
 */
export interface FileFacts {
  /** Offset of each line's first character. */
  readonly lineStarts: readonly number[];
  readonly syntaxErrors: readonly SyntaxErrorFact[];
  /** Every module that the file names, type-only ones too, with the place of its first mention. */
  readonly specifiers: Readonly<Record<string, Span>>;
  /** By local name. */
  readonly imports: Readonly<Record<string, ImportFact>>;
  /** By exported name. */
  readonly exports: Readonly<Record<string, ExportFact>>;
  /** Specifiers of `export * from "…"`. */
  readonly stars: readonly string[];
  /** Values declared at the top level, by local name; `default` for an anonymous default export. */
  readonly values: Readonly<Record<string, ValueFact>>;
  /** Types declared at the top level, by local name. */
  readonly types: Readonly<Record<string, TypeDeclarationFact>>;
  /** Calls by the path of what is called (`asset`, `core.asset`), wherever they stand in the file. */
  readonly calls: Readonly<Record<string, readonly CallSite[]>>;
  /** Other uses of imported names as values, by path: offsets. */
  readonly uses: Readonly<Record<string, readonly number[]>>;
}

export type Span = readonly [start: number, end: number];

export interface SyntaxErrorFact {
  readonly message: string;
  readonly at: Span;
}

export interface ImportFact {
  readonly specifier: string;
  /** The name in the other module; `*` for its namespace. */
  readonly name: string;
  readonly isTypeOnly: boolean;
  /** Whether the whole statement is `import type`: `import { type a }` still loads the module. */
  readonly isErased: boolean;
  readonly at: Span;
}

/** Either a name of this file, or one of another module (`*` for its namespace). */
export type ExportFact =
  | { readonly kind: "local"; readonly name: string; readonly at: Span }
  | { readonly kind: "from"; readonly specifier: string; readonly name: string; readonly at: Span };

export interface ValueFact {
  readonly at: Span;
  readonly doc: string;
  readonly value: Expr;
  /** For a destructured declaration: the members that lead from `value` to this name. */
  readonly path: readonly string[];
  /** Of the whole declaration. */
  readonly code: Code;
}

/** A piece of code without its formatting, comments and types. */
export interface Code {
  readonly hash: string;
  /**
   * Names of the file's top level that it mentions, sorted; `imported.member` where a member of an import is meant;
   * `import:./x.ts` for a module that it loads with `import("./x.ts")`.
   */
  readonly refs: readonly string[];
}

export const dynamicImportPrefix = "import:";

/** Where a call stands: start, end, and 0 top level, 1 in a loop, 2 in a function, 3 in a function that returns more than once. */
export type CallSite = readonly [start: number, end: number, surroundings: 0 | 1 | 2 | 3];

export type Expr =
  | { readonly kind: "ref"; readonly name: string; readonly at: Span }
  | { readonly kind: "member"; readonly of: Expr; readonly name: string; readonly at: Span }
  | {
      readonly kind: "call";
      readonly callee: Expr;
      readonly args: readonly Expr[];
      readonly typeArgs: readonly TypeExpr[];
      readonly at: Span;
    }
  | { readonly kind: "object"; readonly members: readonly ObjectMember[]; readonly at: Span }
  | { readonly kind: "array"; readonly items: readonly Expr[]; readonly at: Span }
  /** Only as an item of an array. */
  | { readonly kind: "spread"; readonly of: Expr; readonly at: Span }
  | { readonly kind: "literal"; readonly value: string | number | boolean | null; readonly at: Span }
  | { readonly kind: "undefined"; readonly at: Span }
  | { readonly kind: "template"; readonly parts: readonly Expr[]; readonly at: Span }
  | { readonly kind: "function"; readonly fn: FunctionFact; readonly at: Span }
  /** Anything else; `what` names the construct for messages. */
  | { readonly kind: "other"; readonly what: string; readonly code: Code; readonly at: Span };

/** `name: null` is a spread. */
export interface ObjectMember {
  readonly name: string | null;
  readonly value: Expr;
}

export interface FunctionFact {
  readonly params: readonly ParamFact[];
  readonly typeParams: readonly string[];
  /** What it returns, when that is one expression that could be an asset. */
  readonly result: Expr | null;
  /** Whether the result depends on nothing but the arguments: `(t) => asset(…)`, without defaults. */
  readonly isPlainResult: boolean;
  readonly code: Code;
}

export interface ParamFact {
  /** `null` for a pattern. */
  readonly name: string | null;
  /** Every name that the parameter binds. */
  readonly names: readonly string[];
  /** Of an object pattern: local names with the member that each takes, those with a default or deeper aside. */
  readonly members: readonly (readonly [local: string, member: string])[];
  /** Of an array pattern: the names by position, empty where there is none. */
  readonly elements: readonly string[] | null;
  readonly type: TypeExpr | null;
  readonly isOptional: boolean;
  readonly isRest: boolean;
  readonly at: Span;
}

export type TypeDeclarationFact =
  | { readonly kind: "alias"; readonly params: readonly string[]; readonly type: TypeExpr; readonly at: Span }
  | {
      readonly kind: "interface";
      readonly params: readonly string[];
      readonly parents: readonly TypeExpr[];
      readonly members: readonly TypeMember[];
      readonly at: Span;
    }
  | { readonly kind: "other"; readonly what: string; readonly at: Span };

export type TypeExpr =
  | { readonly kind: "ref"; readonly path: readonly string[]; readonly args: readonly TypeExpr[]; readonly at: Span }
  /** `typeof a.b`, or with a specifier `typeof import("…").a.b`. */
  | { readonly kind: "typeof"; readonly specifier: string | null; readonly path: readonly string[]; readonly at: Span }
  /** `import("…").A<…>` */
  | {
      readonly kind: "imported";
      readonly specifier: string;
      readonly path: readonly string[];
      readonly args: readonly TypeExpr[];
      readonly at: Span;
    }
  | { readonly kind: "object"; readonly members: readonly TypeMember[]; readonly at: Span }
  | { readonly kind: "tuple"; readonly elements: readonly TupleElement[]; readonly at: Span }
  | { readonly kind: "array"; readonly at: Span }
  | { readonly kind: "union"; readonly types: readonly TypeExpr[]; readonly at: Span }
  | { readonly kind: "indexed"; readonly object: TypeExpr; readonly index: TypeExpr; readonly at: Span }
  | { readonly kind: "literal"; readonly value: string | number; readonly at: Span }
  | { readonly kind: "nothing"; readonly at: Span }
  /** `any` and `unknown`. */
  | { readonly kind: "untyped"; readonly what: string; readonly at: Span }
  | { readonly kind: "conditional"; readonly at: Span }
  | { readonly kind: "mapped"; readonly at: Span }
  | { readonly kind: "other"; readonly what: string; readonly at: Span };

export interface TypeMember {
  /** `null` for what has no literal name: index signatures, methods, computed names. */
  readonly name: string | null;
  readonly type: TypeExpr;
  readonly isOptional: boolean;
  readonly at: Span;
}

export interface TupleElement {
  readonly name: string | null;
  readonly type: TypeExpr;
  readonly isOptional: boolean;
  readonly isRest: boolean;
}
