import type { Json } from "@watersmeet/core/values";

const prefix = "WATERSMEET_SECRET_";
/** Shorter values would mask ordinary text. */
const minLength = 4;

/** Replaces the values of secrets in what is logged or recorded. */
export interface Mask {
  text(text: string): string;
  json(value: Json): Json;
}

export function createMask(env: Readonly<Record<string, string | undefined>>): Mask {
  const secrets = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith(prefix) && value !== undefined && value.length >= minLength ? [value] : [],
  );
  // The longest first: one secret may begin with another.
  const ordered = secrets.sort((a, b) => b.length - a.length);
  const maskText = (text: string): string => ordered.reduce((masked, secret) => masked.replaceAll(secret, "•••"), text);
  const maskJson = (value: Json): Json => {
    if (typeof value === "string") return maskText(value);
    if (value === null || typeof value !== "object") return value;
    if (isList(value)) return value.map(maskJson);
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, maskJson(member)]));
  };
  return { text: maskText, json: ordered.length === 0 ? (value) => value : maskJson };
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
