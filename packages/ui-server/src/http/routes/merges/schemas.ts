import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { checkSchemas, listEpochs } from "../../../read/merges/read-schemas.ts";
import type { ApiEnv } from "../../api-env.ts";
import { anyJson, assetParam, noQuery } from "../../paging.ts";
import { problemResponses } from "../../problem-response.ts";

const tags = ["Schemas"];

const Field = z
  .object({
    id: z.string().openapi({ description: "Stays when the column is renamed" }),
    name: z.string(),
    type: z.string().openapi({ example: "decimal(12, 2)" }),
    isNullable: z.boolean(),
    isKey: z.boolean(),
    unit: z.string().nullable(),
  })
  .openapi("SchemaField");

const Epoch = z
  .object({
    number: z.int(),
    hash: z.string(),
    fields: z.array(Field).readonly(),
    registeredAt: z.string(),
    batchCount: z.int().openapi({ description: "Batches written in it that are still kept" }),
    note: z.string().nullable(),
    isPresent: z.boolean(),
  })
  .openapi("Epoch", { description: "One form of a merge's schema" });

export const EpochList = z.object({ items: z.array(Epoch).readonly() }).openapi("EpochList");

export const SchemaCheck = z
  .object({
    isCompatible: z.boolean(),
    items: z
      .array(
        z.object({
          asset: z.string(),
          isCompatible: z.boolean(),
          broken: z
            .array(z.object({ message: z.string(), hint: z.string().nullable() }))
            .readonly()
            .openapi({
              description: "What is wrong with the declared forms themselves, as a dropped column that comes back",
            }),
          present: z.array(Field).readonly(),
          comparisons: z
            .array(
              z.object({
                from: z.int().openapi({ description: "Number of the epoch that is compared" }),
                isBridged: z.boolean().openapi({ description: "An upcaster leads on" }),
                changes: z
                  .array(
                    z.object({
                      field: z.string(),
                      kind: z.string(),
                      isCompatible: z.boolean(),
                      text: z.string(),
                      consumers: z
                        .array(z.object({ asset: z.string(), namedAt: z.string().nullable() }))
                        .readonly()
                        .openapi({
                          description:
                            "Assets that read the merge; first those that name the column, and where. `null`: it takes whole rows",
                        }),
                    }),
                  )
                  .readonly(),
              }),
            )
            .readonly(),
          replay: z
            .array(
              z.object({
                batchId: z.string(),
                epoch: z.int(),
                rowCount: z.int(),
                rejectedCount: z.int(),
                reasons: z.array(z.string()).readonly(),
              }),
            )
            .readonly()
            .openapi({ description: "What became of real batches in the code as it is now" }),
          differences: z
            .array(
              z.object({
                partition: z.string(),
                version: z.int(),
                comparedKeys: z.int(),
                differentKeys: z.int(),
                samples: z
                  .array(
                    z.object({
                      key: z.string(),
                      before: z.array(z.record(z.string(), anyJson)).readonly(),
                      after: z.array(z.record(z.string(), anyJson)).readonly(),
                    }),
                  )
                  .readonly(),
                failure: z
                  .object({ code: z.string(), message: z.string(), hint: z.string().nullable() })
                  .nullable()
                  .openapi({ description: "Why the merge could not be made anew" }),
              }),
            )
            .readonly()
            .openapi({ description: "What the keys of those batches come to now, against what readers see" }),
        }),
      )
      .readonly(),
  })
  .openapi("SchemaCheck", { description: "The present forms of merges against every form that still has batches" });

const history = createRoute({
  method: "get",
  path: "/assets/{key}/schema",
  operationId: "listEpochs",
  tags,
  summary: "Every form that a merge's schema had, oldest first",
  request: { params: assetParam, query: noQuery },
  responses: {
    200: { description: "The epochs", content: { "application/json": { schema: EpochList } } },
    ...problemResponses,
  },
});

const check = createRoute({
  method: "get",
  path: "/schemas/check",
  operationId: "checkSchemas",
  tags,
  summary: "What changed since every form that still has batches, and whether they can still be read",
  request: {
    query: z.strictObject({
      select: z.string().min(1).max(2000).default("kind:merge").openapi({ description: "Selection grammar" }),
      replay: z.coerce
        .number()
        .int()
        .min(1)
        .max(100)
        .optional()
        .openapi({ description: "Also reads so many real batches of each form through the present code" }),
    }),
  },
  responses: {
    200: {
      description: "The verdicts, also when something is incompatible",
      content: { "application/json": { schema: SchemaCheck } },
    },
    ...problemResponses,
  },
});

export function addSchemaRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(history, async (c) =>
    c.json({ items: await listEpochs(c.var.watersmeet, c.req.valid("param").key) }, 200),
  );
  api.openapi(check, async (c) => {
    const { select, replay = null } = c.req.valid("query");
    return c.json(await checkSchemas(c.var.watersmeet, { select, replay }), 200);
  });
}
