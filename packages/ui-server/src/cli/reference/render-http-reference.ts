import { z } from "zod";

// What this page reads of an OpenAPI document; the rest passes by.
const Schema = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  default: z.unknown().optional(),
  description: z.string().optional(),
  $ref: z.string().optional(),
});
const Content = z.record(z.string(), z.object({ schema: Schema }));
const Operation = z.object({
  operationId: z.string(),
  tags: z.array(z.string()),
  summary: z.string(),
  description: z.string().optional(),
  parameters: z
    .array(z.object({ name: z.string(), in: z.string(), required: z.boolean().optional(), schema: Schema }))
    .default([]),
  requestBody: z.object({ content: Content }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: Content.optional() })),
});
const Document = z.object({ paths: z.record(z.string(), z.record(z.string(), Operation)) });

type OperationOf = z.output<typeof Operation> & { readonly method: string; readonly path: string };

/** docs/reference/http.md, made of the OpenAPI document. */
export function renderHttpReference(document: unknown): string {
  const operations = Object.entries(Document.parse(document).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
  const tags = [...new Set(operations.flatMap((operation) => operation.tags))];
  return `${[
    "# HTTP API",
    "",
    "_Made from `packages/ui-server/openapi.json` by `node packages/ui-server/scripts/generate-reference.ts`; a test compares._",
    "",
    ...introduction,
    ...tags.flatMap((tag) => [
      `## ${tag}`,
      "",
      ...operations.filter((operation) => operation.tags.includes(tag)).flatMap(renderOperation),
    ]),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

const introduction = [
  "Everything is under `/api/v1`; the OpenAPI 3.1 document, with every schema, is at `/api/v1/openapi.json`. The web app uses nothing else.",
  "",
  "- **Times** are ISO-8601 in UTC. Asset keys and partition keys are percent-encoded in paths and queries.",
  "- **Errors** are `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with a stable `code` (see [errors.md](errors.md)), `detail` and `hint`; a request that is not well formed lists its faults under `errors`. An unknown query parameter is a fault.",
  "- **Lists** take `limit` and `cursor`; `nextCursor` is the cursor of the next page, `null` on the last.",
  "- **Caching**: every answer to GET has a strong `ETag`; with `If-None-Match`, an unchanged one is `304`.",
  "- **Creation** takes `Idempotency-Key`: the same key gives the same run, with `200` instead of `201`; another request under a used key is refused with `IDEMPOTENCY_CONFLICT`.",
  "- **Decisions** about merges (reconcile, reject, revoke, roll back, unfreeze) come with a `reason`. They are kept in the audit trail with who made them: `web`, `http`, or who a command line says that it is (`Watersmeet-Requested-By: cli:ana@host`). The answer names the run that carries them out.",
  "- **Security**: the server has no accounts. It binds to loopback only, answers only to `localhost` and loopback addresses as `Host`, takes changes only from its own pages or from programs, sends no CORS headers, and takes bodies of 1 MiB at most. For access from elsewhere, put a proxy that authenticates, or an SSH tunnel, in front of it.",
  "",
  "```sh",
  "curl http://127.0.0.1:4321/api/v1/lineage/dailyDelays?direction=up",
  `curl -X POST http://127.0.0.1:4321/api/v1/runs -H 'Content-Type: application/json' -H 'Idempotency-Key: 7' -d '{"select":"+dailyDelays"}'`,
  "curl -N http://127.0.0.1:4321/api/v1/events",
  "```",
  "",
];

function renderOperation(operation: OperationOf): readonly string[] {
  const body = Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => nameOf(schema));
  const rows = operation.parameters.map(
    ({ name, in: place, required, schema }) =>
      `| \`${name}\` | ${place}${required === true ? ", required" : ""} | ${describeSchema(schema)} |`,
  );
  return [
    `### ${operation.method} ${operation.path}`,
    "",
    `${operation.summary}.${operation.description === undefined ? "" : ` ${operation.description}`}`,
    "",
    ...(rows.length === 0 ? [] : ["| Parameter | In | Type |", "|---|---|---|", ...rows, ""]),
    ...(body.length === 0 ? [] : [`Body: ${body.join(", ")}`, ""]),
    ...Object.entries(operation.responses)
      .filter(([status]) => status !== "default")
      .map(([status, { description, content }]) => `- \`${status}\`${renderContent(content)}: ${description}`),
    "",
  ];
}

function renderContent(content: z.output<typeof Content> | undefined): string {
  const names = Object.entries(content ?? {}).map(([type, { schema }]) =>
    type === "application/json" ? nameOf(schema) : type,
  );
  return names.length === 0 ? "" : ` ${names.join(", ")}`;
}

function nameOf(schema: z.output<typeof Schema>): string {
  return schema.$ref === undefined ? "object" : `\`${schema.$ref.split("/").at(-1) ?? ""}\``;
}

function describeSchema(schema: z.output<typeof Schema>): string {
  const type =
    schema.$ref !== undefined
      ? nameOf(schema)
      : schema.enum !== undefined
        ? schema.enum.join(", ")
        : String(schema.type ?? "any");
  const fallback = schema.default === undefined ? "" : `; default ${JSON.stringify(schema.default)}`;
  return `${type}${fallback}${schema.description === undefined ? "" : `. ${schema.description}`}`;
}
