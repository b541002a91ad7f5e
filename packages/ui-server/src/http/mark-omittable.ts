import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnv } from "./api-env.ts";

type Definitions = OpenAPIHono<ApiEnv>["openAPIRegistry"]["definitions"];

/**
 * Takes members of bodies that may be left out, but are never `undefined`, from what an OpenAPI document says is required: its generator asks each schema
 * whether it takes `undefined`, which `exactOptional()` does not. Changes the document in place.
 */
export function markOmittable(document: object, definitions: Definitions): void {
  const walk = createWalk(document);
  for (const definition of definitions) {
    if (definition.type !== "route") continue;
    const { route } = definition;
    const place = at(document, "paths", route.path, route.method);
    walk(at(place, "requestBody", "content", jsonType, "schema"), jsonSchemaOf(route.request?.body));
    for (const [status, response] of Object.entries(route.responses))
      walk(at(place, "responses", status, "content", jsonType, "schema"), jsonSchemaOf(response));
  }
}

const jsonType = "application/json";

/** The zod schema of a body that is JSON. */
function jsonSchemaOf(body: unknown): unknown {
  return at(body, "content", jsonType, "schema");
}

/** Goes through the document and the schema it was made from at once, through each named part once. */
function createWalk(document: object): (node: unknown, schema: unknown) => void {
  const seen = new Set<object>();
  const walk = (node: unknown, schema: unknown): void => {
    const ref = at(node, "$ref");
    if (typeof ref === "string") return walk(at(document, ...ref.replace("#/", "").split("/")), schema);
    if (!isObject(node) || seen.has(node)) return;
    seen.add(node);
    const bare = unwrap(schema);
    if (bare instanceof z.ZodArray) walk(node["items"], bare.element);
    if (bare instanceof z.ZodRecord) walk(node["additionalProperties"], bare.valueType);
    if (bare instanceof z.ZodUnion) {
      const nodes = node["anyOf"] ?? node["oneOf"];
      if (Array.isArray(nodes)) nodes.forEach((each, index) => walk(each, bare.options[index]));
    }
    if (!(bare instanceof z.ZodObject)) return;
    const required = node["required"];
    if (Array.isArray(required)) node["required"] = required.filter((name) => !isOmittable(bare.shape[name]));
    for (const [name, member] of Object.entries(bare.shape)) walk(at(node, "properties", name), member);
  };
  return walk;
}

function isOmittable(schema: unknown): boolean {
  return schema instanceof z.ZodType && schema._zod.optin === "optional";
}

function unwrap(schema: unknown): unknown {
  if (
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodDefault
  )
    return unwrap(schema.unwrap());
  return schema;
}

function at(node: unknown, ...path: readonly string[]): unknown {
  return path.reduce((found: unknown, member) => (isObject(found) ? found[member] : undefined), node);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
