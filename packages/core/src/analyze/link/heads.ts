import type { Expr, FunctionFact, TypeExpr } from "../facts/file-facts.ts";
import type { AssetMaker } from "./framework.ts";

/** What a name stands for, once imports and re-exports are followed. */
export type Binding =
  | { readonly kind: "declaration"; readonly file: string; readonly name: string }
  | { readonly kind: "namespace"; readonly file: string }
  /** `*` is the package's namespace. */
  | { readonly kind: "framework"; readonly name: string }
  | { readonly kind: "package"; readonly package: string; readonly name: string }
  | { readonly kind: "ambiguous"; readonly files: readonly string[]; readonly name: string }
  /** The module is not there; that is reported where it is imported. */
  | { readonly kind: "unresolved"; readonly specifier: string }
  /** `file` is there and does not export the name; `null` when there is no such name in scope at all. `among` are the names there are. */
  | {
      readonly kind: "missing";
      readonly file: string | null;
      readonly name: string;
      readonly among?: readonly string[];
    };

/** Specifiers of a module's `export *`, by the names that the modules give. */
export interface StarIndex {
  readonly byName: ReadonlyMap<string, readonly string[]>;
  readonly others: readonly string[];
}

/** Where an expression or type is read: its file, and what a factory's call has bound. */
export interface Place {
  readonly file: string;
  readonly env: Environment | null;
}

/** Parameters of the factory around a place, by name; `null` for one that its call does not give. */
export interface Environment {
  readonly values: ReadonlyMap<string, PlacedExpr | null>;
  readonly types: ReadonlyMap<string, PlacedType | null>;
}

export interface PlacedExpr {
  readonly expr: Expr;
  readonly place: Place;
}

/** Where a type is read. `hidden` are names that mean a parameter of the function here, not what the file calls so. */
export interface TypePlace extends Place {
  readonly hidden: ReadonlySet<string>;
  /** Aliases that were expanded on the way. */
  readonly depth: number;
}

/** A type argument, or the value whose type it is. */
export type PlacedType = { readonly type: TypeExpr; readonly place: TypePlace } | PlacedExpr;

export type CallExpr = Extract<Expr, { kind: "call" }>;

/** The declaration that gives an asset its identity. */
export interface Origin {
  readonly file: string;
  readonly name: string;
}

/** A call of a factory on the way to an asset. */
export interface Frame {
  readonly fn: FunctionFact;
  readonly file: string;
  readonly args: readonly PlacedExpr[];
}

/** An asset being made, by `asset(…)` and its like. */
export interface AssetHead {
  readonly kind: "asset";
  readonly maker: AssetMaker;
  readonly call: CallExpr;
  readonly place: Place;
  readonly origin: Origin | null;
  /** Key in the group that it is a member of. */
  readonly member: string | null;
  readonly group: GroupHead | null;
  readonly frames: readonly Frame[];
}

export interface GroupHead {
  readonly kind: "group";
  readonly call: CallExpr;
  readonly place: Place;
  readonly origin: Origin | null;
  readonly frames: readonly Frame[];
}

/** An expression, followed through names, members and factories to where it can be read. */
export type Head =
  | AssetHead
  | GroupHead
  | { readonly kind: "expr"; readonly expr: Expr; readonly place: Place; readonly origin: Origin | null }
  | { readonly kind: "frameworkCall"; readonly name: string; readonly call: CallExpr; readonly place: Place }
  | Exclude<Binding, { kind: "declaration" }>
  /** A parameter or local that has its value only when the code runs. */
  | { readonly kind: "runtime"; readonly name: string }
  | { readonly kind: "tooDeep" };
