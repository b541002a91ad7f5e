import { ts } from "ts-morph";
import type { ParamFact } from "./file-facts.ts";
import { readType } from "./read-type.ts";
import { listBoundNames } from "./scopes.ts";
import { spanOf } from "./span-of.ts";

/** A parameter: the names it binds and its type. */
export function readParam(param: ts.ParameterDeclaration, source: ts.SourceFile): ParamFact {
  const { name, type, initializer } = param;
  return {
    name: ts.isIdentifier(name) ? name.text : null,
    names: listBoundNames(name),
    elements: ts.isArrayBindingPattern(name) ? name.elements.map(nameOfElement) : null,
    type: type === undefined ? null : readType(type, source),
    isOptional: param.questionToken !== undefined || initializer !== undefined,
    isRest: param.dotDotDotToken !== undefined,
    at: spanOf(type ?? name, source),
  };
}

function nameOfElement(element: ts.ArrayBindingElement): string {
  return !ts.isOmittedExpression(element) && ts.isIdentifier(element.name) ? element.name.text : "";
}
