import { WatersmeetError } from "@watersmeet/core/errors";
import type { Page, PageRequest } from "@watersmeet/runtime";

/** A page of a list that is had as a whole: what stands after the item that the cursor names. @throws {USAGE_INVALID} when the cursor names none */
export function pageItems<Item>(
  items: readonly Item[],
  { limit, cursor }: PageRequest,
  nameOf: (item: Item) => string,
): Page<Item> {
  const start = cursor === undefined ? 0 : findStart(items.map(nameOf), cursor);
  const shown = items.slice(start, start + limit);
  const last = shown.at(-1);
  const hasMore = start + limit < items.length && last !== undefined;
  return { items: shown, nextCursor: hasMore ? encodeName(nameOf(last)) : null };
}

function findStart(names: readonly string[], cursor: string): number {
  const place = names.findIndex((name) => encodeName(name) === cursor);
  if (place >= 0) return place + 1;
  throw new WatersmeetError("USAGE_INVALID", `"${cursor}" is not a cursor`, {
    hint: "Use the nextCursor of the page before, or leave it out for the first page.",
  });
}

function encodeName(name: string): string {
  return Buffer.from(name).toString("base64url");
}
