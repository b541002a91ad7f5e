import type { Row } from "@watersmeet/core/schema";

/** Rows of one step up to so many bytes travel in a message between processes, and not in a file. */
export const messageBytes = 64 * 1024;

/** About what a row takes in a message, in bytes: enough to bound memory by. */
export function sizeOfRow(row: Row): number {
  let sizeBytes = 32;
  for (const name in row) sizeBytes += name.length + sizeOfValue(row[name]);
  return sizeBytes;
}

function sizeOfValue(value: unknown): number {
  if (typeof value === "string") return value.length <= messageBytes ? Buffer.byteLength(value) : value.length;
  if (typeof value !== "object" || value === null) return 8;
  const members: readonly unknown[] = Object.values(value);
  const names = Array.isArray(value) ? 0 : Object.keys(value).reduce((sum, name) => sum + name.length, 0);
  return members.reduce((sum: number, member) => sum + sizeOfValue(member), 16 + names);
}
