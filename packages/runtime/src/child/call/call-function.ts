import type { Definition } from "@watersmeet/core";

/** Calls the author's function. Its parameters were derived from its types, which are gone at run time: here is where that is trusted. */
export function callFunction(definition: Definition, parameters: readonly unknown[]): unknown {
  return Reflect.apply(definition.fn, undefined, [...parameters]);
}
