import { z } from "@hono/zod-openapi";
import type { PageRequest } from "@watersmeet/runtime";

/** Query members of every list. A cursor is the `nextCursor` of the page before, and nothing else. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(50).openapi({ description: "Entries on a page" }),
  cursor: z.string().min(1).max(500).optional().openapi({ description: "`nextCursor` of the page before" }),
} as const;

export function pageOf<Item extends z.ZodType>(item: Item, name: string) {
  return z
    .object({
      items: z.array(item).readonly(),
      nextCursor: z.string().nullable().openapi({ description: "`null` on the last page" }),
    })
    .openapi(name);
}

/** A route without query parameters says so, so that an unknown one is refused. */
export const noQuery = z.strictObject({});

export function toPageRequest(query: { readonly limit: number; readonly cursor?: string | undefined }): PageRequest {
  return query.cursor === undefined ? { limit: query.limit } : { limit: query.limit, cursor: query.cursor };
}

const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "not an id");

export const idParam = z.object({ id: id.openapi({ param: { name: "id", in: "path" } }) });

export const assetParam = z.object({
  key: z
    .string()
    .min(1)
    .max(200)
    .openapi({ param: { name: "key", in: "path" }, example: "dailyDelays" }),
});

/** Partition keys are short texts without control characters. */
export const partition = z
  .string()
  .max(500)
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, "not a partition key")
  .openapi({ example: "2001-01-31" });

/** JSON of any shape. Not `unknown`: hono's type of a JSON value is mutable and takes none of ours, which are readonly. */
export const anyJson = z.any().openapi({ description: "Any JSON" });
