import { WatersmeetError } from "@watersmeet/core/errors";
import type { Page } from "./ledger.ts";

/** Cursors are the key of the last item; whoever gets one back must not look into it. */
export function renderCursor(key: string): string {
  return Buffer.from(key).toString("base64url");
}

/** A number that Postgres compares. @throws {USAGE_INVALID} */
export function parseCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const key = Buffer.from(cursor, "base64url").toString();
  if (/^\d{1,19}$/.test(key)) return key;
  throw new WatersmeetError("USAGE_INVALID", `"${cursor}" is not a cursor`, {
    hint: "Use the nextCursor of the page before, or leave it out for the first page.",
  });
}

/** A page from one row more than was asked for. */
export function buildPage<Row, Item>(
  rows: readonly Row[],
  options: { readonly limit: number; readonly keyOf: (row: Row) => string; readonly toItem: (row: Row) => Item },
): Page<Item> {
  const shown = rows.slice(0, options.limit);
  const last = shown.at(-1);
  const hasMore = rows.length > options.limit && last !== undefined;
  return { items: shown.map(options.toItem), nextCursor: hasMore ? renderCursor(options.keyOf(last)) : null };
}

/** Ids come from people and URLs: what is not a number is unknown, not an error of the database. */
export function isId(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}
