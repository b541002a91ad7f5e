import type { Json } from "@watersmeet/core/values";

/** An error's details in a form that JSON can carry; big integers become text. */
export function plainDetails(details: unknown): Json {
  try {
    return JSON.parse(
      JSON.stringify(details, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    );
  } catch {
    return {};
  }
}
