export interface WatchdogData {
  readonly parentPid: number;
  readonly maxRssBytes: number;
}

/** Starts the line on stderr by which a child says that it used too much memory; the bytes follow. */
export const memoryMark = "\u0001watersmeet:memory:";

export function isWatchdogData(value: unknown): value is WatchdogData {
  return value !== null && typeof value === "object" && "parentPid" in value && "maxRssBytes" in value;
}
