import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { AssetKey } from "@watersmeet/core/values";
import type { Context } from "hono";
import { collectUnneeded } from "../../../read/merges/collect-unneeded.ts";
import { requireMerge, somePartition } from "../../../read/merges/find-merge.ts";
import { toOrderDto } from "../../../read/merges/order-dto.ts";
import { requireAsset } from "../../../read/require-asset.ts";
import { requireSound } from "../../../read/require-sound.ts";
import type { ApiEnv } from "../../api-env.ts";
import { assetParam, noQuery, partition } from "../../paging.ts";
import { problemResponses } from "../../problem-response.ts";
import { readRequester } from "../../submit-once.ts";
import { reasonField } from "../reason-field.ts";
import { idempotencyHeader } from "../run-schemas.ts";
import { Collection, Order, ShadowCheck } from "./merge-shapes.ts";

const tags = ["Merges"];

const reason = reasonField("the feed sent yesterday's file twice");
const batchId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "not an id of a batch");
const batchIds = z.array(batchId).min(1).max(10_000);
const heldBatches = z.union([batchIds, z.literal("all")]).openapi({ description: "Ids, or `all` that are held" });

/** What every order is: a change, once per Idempotency-Key, with a reason in its body. */
function takesOrder<Body extends z.ZodType>(body: Body) {
  return {
    method: "post",
    tags,
    request: {
      params: assetParam,
      query: noQuery,
      headers: idempotencyHeader,
      body: { required: true, content: { "application/json": { schema: body } } },
    },
    responses: {
      200: { description: "What was decided, and the run", content: { "application/json": { schema: Order } } },
      ...problemResponses,
    },
  } as const;
}

const reconcile = createRoute({
  path: "/merges/{key}/reconcile",
  operationId: "reconcileLate",
  summary: "Admits held batches; what they belong to runs again, once",
  ...takesOrder(
    z
      .strictObject({
        batchIds: heldBatches,
        reason,
        overridesClosed: z.boolean().exactOptional().openapi({ description: "Also into a closed period" }),
      })
      .openapi("ReconcileRequest"),
  ),
});

const reject = createRoute({
  path: "/merges/{key}/reject",
  operationId: "rejectLate",
  summary: "Declares that held batches will not count; they stay on record",
  ...takesOrder(z.strictObject({ batchIds: heldBatches, reason }).openapi("RejectRequest")),
});

const revoked = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("batches"), batchIds }),
  z.strictObject({
    kind: z.literal("source"),
    branch: z.string().min(1).max(200),
    from: z.string().max(500).nullable().default(null),
    to: z.string().max(500).nullable().default(null),
  }),
  z.strictObject({ kind: z.literal("run"), runId: z.string().min(1).max(64) }),
]);

const revoke = createRoute({
  path: "/merges/{key}/revoke",
  operationId: "revokeBatches",
  summary: "Takes batches back: a new version is made from what remains",
  ...takesOrder(
    z
      .strictObject({
        what: revoked.openapi({
          description:
            "Batches by id, those of a branch in a range of its cursor or event times, or those that a run delivered",
        }),
        reason,
        dryRun: z.boolean().exactOptional().openapi({ description: "Tell what would be done, and do nothing" }),
      })
      .openapi("RevokeRequest"),
  ),
});

const rollback = createRoute({
  path: "/assets/{key}/rollback",
  operationId: "rollBack",
  summary: "Gives readers what a version had: of a merge by a new version, of another asset by moving its head",
  ...takesOrder(
    z
      .strictObject({
        to: z.int().min(0),
        partition: partition.exactOptional(),
        cascade: z
          .enum(["refuse", "run", "leaveStale"])
          .default("refuse")
          .openapi({ description: "What becomes of assets that were built from what goes" }),
        reason,
      })
      .openapi("RollbackRequest"),
  ),
});

const verify = createRoute({
  method: "post",
  path: "/merges/{key}/verify",
  operationId: "verifyMerge",
  tags,
  summary: "Folds a sample of keys again and compares; a difference freezes the merge",
  request: {
    params: assetParam,
    query: noQuery,
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.strictObject({ perMille: z.int().min(1).max(1000).default(1000) }).openapi("VerifyRequest"),
        },
      },
    },
  },
  responses: {
    200: { description: "What was found", content: { "application/json": { schema: ShadowCheck } } },
    ...problemResponses,
  },
});

const collect = createRoute({
  method: "post",
  path: "/merges/collect",
  operationId: "collectUnneeded",
  tags,
  summary: "Removes what is older than a merge's retention and nobody needs",
  request: {
    query: noQuery,
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z
            .strictObject({
              merge: z.string().min(1).max(200).exactOptional().openapi({ description: "Without: of all" }),
              dryRun: z.boolean().default(false),
            })
            .openapi("CollectRequest"),
        },
      },
    },
  },
  responses: {
    200: { description: "What was removed", content: { "application/json": { schema: Collection } } },
    ...problemResponses,
  },
});

const unfreeze = createRoute({
  method: "post",
  path: "/merges/{key}/unfreeze",
  operationId: "unfreezeMerge",
  tags,
  summary: "Lets a frozen merge publish again",
  request: {
    params: assetParam,
    query: noQuery,
    body: {
      required: true,
      content: { "application/json": { schema: z.strictObject({ reason }).openapi("UnfreezeRequest") } },
    },
  },
  responses: { 204: { description: "It is no longer frozen" }, ...problemResponses },
});

export function addMergeOrderRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(reconcile, async (c) => {
    const request = { ...readTerms(c, c.req.valid("param").key), ...c.req.valid("json") };
    return c.json(toOrderDto(await c.var.watersmeet.merges.reconcile(request)), 200);
  });
  api.openapi(reject, async (c) => {
    const request = { ...readTerms(c, c.req.valid("param").key), ...c.req.valid("json") };
    return c.json(toOrderDto(await c.var.watersmeet.merges.reject(request)), 200);
  });
  api.openapi(revoke, async (c) => {
    const request = { ...readTerms(c, c.req.valid("param").key), ...c.req.valid("json") };
    return c.json(toOrderDto(await c.var.watersmeet.merges.revoke(request)), 200);
  });
  api.openapi(rollback, async (c) => {
    const { partition = null, ...rest } = c.req.valid("json");
    const { graph } = requireSound(c.var.watersmeet.project());
    const asset = requireAsset(graph, c.req.valid("param").key);
    const request = { ...whoAsks(c), asset: asset.key, ...somePartition(asset, partition), ...rest };
    return c.json(toOrderDto(await c.var.watersmeet.merges.rollback(request)), 200);
  });
  api.openapi(verify, async (c) => {
    const { key } = requireMerge(c.var.watersmeet, c.req.valid("param").key);
    return c.json(await c.var.watersmeet.merges.verify(key, c.req.valid("json").perMille), 200);
  });
  api.openapi(collect, async (c) => {
    const { merge = null, dryRun } = c.req.valid("json");
    return c.json(await collectUnneeded(c.var.watersmeet, { merge, dryRun }), 200);
  });
  api.openapi(unfreeze, async (c) => {
    const { key } = requireMerge(c.var.watersmeet, c.req.valid("param").key);
    await c.var.watersmeet.merges.unfreeze(key, readRequester(c), c.req.valid("json").reason);
    return c.body(null, 204);
  });
}

interface OrderTerms {
  readonly by: string;
  readonly idempotencyKey?: string;
}

/** @throws {PROJECT_INVALID} an order starts a run, which a project with problems cannot do */
function readTerms(c: Context<ApiEnv>, merge: string): OrderTerms & { readonly asset: AssetKey } {
  requireSound(c.var.watersmeet.project());
  return { ...whoAsks(c), asset: requireMerge(c.var.watersmeet, merge).key };
}

function whoAsks(c: Context<ApiEnv>): OrderTerms {
  const key = c.req.header("idempotency-key");
  return { by: readRequester(c), ...(key !== undefined && { idempotencyKey: key }) };
}
