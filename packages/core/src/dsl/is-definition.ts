import { definitionBrand, type Definition } from "./definition.ts";

/** Whether a value was made by the language, also by another copy of this package. */
export function isDefinition(value: unknown): value is Definition {
  return typeof value === "object" && value !== null && Reflect.get(value, definitionBrand) === 1;
}
