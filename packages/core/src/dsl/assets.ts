import { WatersmeetError } from "../errors/watersmeet-error.ts";
import type { AnyAsset } from "./handles.ts";

const segment = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The same asset once per key; the keys are literals, so that the graph can be derived.
 *
 *     export const regions = assets(["eu", "us"], (key) => source({ schema: Order, resource: key }, () => load(key)));
 *
 * Members are named `In<typeof regions.eu>`, their asset keys are `regions.eu` and `regions.us`.
 * @throws {DEFINITION_INVALID} when a key is repeated or not an identifier
 */
export function assets<const K extends readonly string[], A extends AnyAsset>(
  keys: K,
  make: (key: K[number]) => A,
): { readonly [P in K[number]]: A };
export function assets(keys: readonly string[], make: (key: string) => unknown): unknown {
  const group: Record<string, unknown> = {};
  for (const key of keys) {
    if (!segment.test(key)) throw invalidKey(key, "is not an identifier");
    if (Object.hasOwn(group, key)) throw invalidKey(key, "is there twice");
    group[key] = make(key);
  }
  return Object.freeze(group);
}

function invalidKey(key: string, what: string): WatersmeetError {
  return new WatersmeetError("DEFINITION_INVALID", `the key "${key}" of assets() ${what}`, {
    hint: "Keys are distinct identifiers: eu, us_east",
  });
}
