/**
 * One text per JSON value: exactly what PostgreSQL prints for a `jsonb`. Members are ordered by the length of their names in UTF-8 bytes, then by those bytes;
 * `, ` and `: ` separate; numbers have no exponent; members that are `undefined` are left out.
 * Rows from JavaScript are stored in this text, so that a column of JSON has the same digest in every store.
 */
export function canonicalJson(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return plainNumber(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(", ")}]`;
  if (isPlainObject(value)) return `{${listMembers(value).join(", ")}}`;
  throw new TypeError(`${describe(value)} is not a JSON value`);
}

function listMembers(value: object): readonly string[] {
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => ({ name: Buffer.from(name), text: `${JSON.stringify(name)}: ${canonicalJson(member)}` }))
    .sort((a, b) => a.name.length - b.name.length || Buffer.compare(a.name, b.name))
    .map((member) => member.text);
}

/** JavaScript's shortest digits of a number, with the exponent written out: `1.5e-7` is `0.00000015`. */
function plainNumber(value: number): string {
  const [mantissa = "", exponentText] = String(value).split("e");
  if (exponentText === undefined) return Object.is(value, -0) ? "0" : mantissa;
  const exponent = Number(exponentText);
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const sign = value < 0 ? "-" : "";
  if (exponent > 0) return `${sign}${whole}${fraction.padEnd(exponent, "0")}`;
  return `${sign}0.${"0".repeat(-exponent - 1)}${whole}${fraction}`;
}

/** An object without a class of its own; of any realm. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null ? `a ${value.constructor.name}` : String(value);
}
