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
    members: ts.isObjectBindingPattern(name) ? name.elements.flatMap(memberOfElement) : [],
    elements: ts.isArrayBindingPattern(name) ? name.elements.map(nameOfElement) : null,
    type: type === undefined ? null : readType(type, source),
    isOptional: param.questionToken !== undefined || initializer !== undefined,
    isRest: param.dotDotDotToken !== undefined,
    at: spanOf(type ?? name, source),
  };
}

function memberOfElement({ name, propertyName, initializer, dotDotDotToken }: ts.BindingElement): [string, string][] {
  if (!ts.isIdentifier(name) || initializer !== undefined || dotDotDotToken !== undefined) return [];
  if (propertyName === undefined) return [[name.text, name.text]];
  return ts.isIdentifier(propertyName) || ts.isStringLiteral(propertyName) ? [[name.text, propertyName.text]] : [];
}

function nameOfElement(element: ts.ArrayBindingElement): string {
  return !ts.isOmittedExpression(element) && ts.isIdentifier(element.name) ? element.name.text : "";
}
