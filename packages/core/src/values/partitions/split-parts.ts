/** More slices of one partition than this cost more than they save. Source: operations.md 2.4. */
export const mostParts = 64;

/** Whether a partition can be made in so many slices. */
export function isPartCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= mostParts;
}
