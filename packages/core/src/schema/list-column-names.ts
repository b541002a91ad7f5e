/** The property names of a zod object in their order; `null` when the value is not a zod object. Never reads the columns' types. */
export function listColumnNames(schema: unknown): readonly string[] | null {
  const definition = readMember(readMember(schema, "_zod"), "def");
  const type = readMember(definition, "type");
  if (type === "readonly") return listColumnNames(readMember(definition, "innerType"));
  const shape = readMember(definition, "shape");
  return type === "object" && typeof shape === "object" && shape !== null ? Object.keys(shape) : null;
}

function readMember(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
