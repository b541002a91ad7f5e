import type { Span, TypeExpr } from "../facts/file-facts.ts";
import type { TypePlace } from "./heads.ts";
import { report, type Finding, type Linking } from "./linking.ts";
import { resolveType } from "./resolve-types.ts";

/** A parameter, or part of one, that is no input. */
export interface RejectedParameter {
  readonly name: string;
  readonly place: TypePlace;
  readonly at: Span;
  readonly type: TypeExpr | null;
}

export function rejectUntyped(linking: Linking, { name, place, at, type }: RejectedParameter): void {
  report(linking, {
    code: "ANALYZE_PARAMETER_UNTYPED",
    message:
      type === null
        ? `"${name}" has no type, so what it reads is not known`
        : `"${name}" is \`${type.kind === "untyped" ? type.what : ""}\`, so what it reads is not known`,
    hint: "Write In<typeof asset>, or Self, Ctx, Db from @watersmeet/core",
    file: place.file,
    at: type?.at ?? at,
  });
}

export function rejectUnion(
  linking: Linking,
  { name, place, at, type }: RejectedParameter,
  types: readonly TypeExpr[],
): void {
  const inputs = types.filter((member) => isInput(linking, member, place));
  const wording: Pick<Finding, "code" | "message" | "hint"> =
    inputs.length > 1
      ? {
          code: "ANALYZE_UNION_OF_INPUTS",
          message: `"${name}" is one input or another`,
          hint: "Take two optional parameters: a?: In<typeof x>, b?: In<typeof y>",
        }
      : notInput(name, "a union");
  report(linking, { ...wording, file: place.file, at: type?.at ?? at });
}

function isInput(linking: Linking, type: TypeExpr, place: TypePlace): boolean {
  return type.kind === "ref" && resolveType(linking, type, place).kind === "framework";
}

/** The type is understood and is no input, or cannot be understood without the type checker. */
export function rejectParameter(
  linking: Linking,
  { name, place }: Omit<RejectedParameter, "type">,
  type: TypeExpr,
): void {
  report(linking, { ...describe(linking, { name, place }, type), file: place.file, at: type.at });
}

function describe(
  linking: Linking,
  { name, place }: Pick<RejectedParameter, "name" | "place">,
  type: TypeExpr,
): Pick<Finding, "code" | "message" | "hint"> {
  if (type.kind === "conditional") {
    return {
      code: "ANALYZE_CONDITIONAL_TYPE",
      message: `the type of "${name}" is conditional`,
      hint: "Spell the type out that it comes to",
    };
  }
  if (type.kind === "mapped") {
    return {
      code: "ANALYZE_MAPPED_TYPE",
      message: `the type of "${name}" is mapped`,
      hint: "Spell its members out: { orders: In<typeof orders> }",
    };
  }
  if (type.kind === "ref" || type.kind === "imported") return describeNamed(linking, { name, place }, type);
  if (type.kind === "typeof") {
    return {
      code: "ANALYZE_PARAMETER_NOT_INPUT",
      message: `"${name}" has the type of a value, which is no input`,
      hint: `Write In<typeof ${type.path.join(".")}>`,
    };
  }
  return notInput(name, kindNames[type.kind] ?? (type.kind === "other" ? type.what : "something else"));
}

const kindNames: Partial<Record<TypeExpr["kind"], string>> = {
  array: "an array",
  tuple: "a tuple",
  literal: "a literal",
  nothing: "nothing",
};

function describeNamed(
  linking: Linking,
  { name, place }: Pick<RejectedParameter, "name" | "place">,
  type: Extract<TypeExpr, { kind: "ref" | "imported" }>,
): Pick<Finding, "code" | "message" | "hint"> {
  const named = resolveType(linking, type, place);
  if (named.kind === "bound") {
    return {
      code: "ANALYZE_KNOWN_ONLY_AT_RUN_TIME",
      message: `what the type parameter \`${type.path.join(".")}\` of "${name}" is cannot be told from the sources`,
      hint: "Call the factory with an exported asset, or write the type out",
    };
  }
  if (named.kind === "global" && named.name === "Parameters") {
    return {
      code: "ANALYZE_TYPE_NOT_STATIC",
      message: `"${name}" takes all the parameters of a function as one`,
      hint: "Write ...inputs: Parameters<typeof read>, or Parameters<typeof read>[0]",
    };
  }
  return notInput(name, `\`${type.path.join(".")}\``);
}

function notInput(name: string, what: string): Pick<Finding, "code" | "message" | "hint"> {
  return {
    code: "ANALYZE_PARAMETER_NOT_INPUT",
    message: `"${name}" is ${what}, which is no input`,
    hint: "Parameters are In<typeof asset>, Self<typeof schema>, Ctx or Db; bind other values in a factory or a constant",
  };
}
