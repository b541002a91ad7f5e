import { WatersmeetError } from "@watersmeet/core/errors";
import type { Page, PageRequest, Watersmeet } from "@watersmeet/runtime";
import { requireAsset } from "../require-asset.ts";
import { toAuditEntryDto, type AuditEntryDto } from "./audit-dto.ts";

/** What happened to an asset, newest first, in the order of commit. @throws {ASSET_UNKNOWN} @throws {USAGE_INVALID} when the cursor is none */
export async function listAudit(
  watersmeet: Watersmeet,
  asset: string,
  { limit, cursor }: PageRequest,
): Promise<Page<AuditEntryDto>> {
  const { key } = requireAsset(watersmeet.project().graph, asset);
  const before = cursor === undefined ? {} : { before: decodeSequence(cursor) };
  const entries = await watersmeet.merges.audit(key, { limit: limit + 1, ...before });
  const items = entries.slice(0, limit).map(toAuditEntryDto);
  const last = items.at(-1);
  const hasMore = entries.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? Buffer.from(last.sequence).toString("base64url") : null };
}

/** Sequences are short words without spaces, or they are none of ours. */
function decodeSequence(cursor: string): string {
  const sequence = Buffer.from(cursor, "base64url").toString();
  if (/^[\w.:-]{1,60}$/.test(sequence)) return sequence;
  throw new WatersmeetError("USAGE_INVALID", `"${cursor}" is not a cursor`, {
    hint: "Use the nextCursor of the page before, or leave it out for the first page.",
  });
}
