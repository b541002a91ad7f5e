import { z } from "@hono/zod-openapi";

/** Why somebody changes something by hand: every order that goes into the audit trail says so. */
export function reasonField(example: string, description = "Kept in the audit trail") {
  return z.string().trim().min(1).max(2000).openapi({ description, example });
}
