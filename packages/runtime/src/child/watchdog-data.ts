export interface WatchdogData {
  readonly parentPid: number;
  readonly maxRssBytes: number;
  /** One number, in pages of 4 KiB: what the process has used at most since it was set to 0. Shared with the thread of the user's code. */
  readonly peak: SharedArrayBuffer;
}

/** Pages of `WatchdogData.peak`: bytes do not fit into 32 bits. */
export const peakPageBytes = 4096;

/** Starts the line on stderr by which a child says that it used too much memory; the bytes follow. */
export const memoryMark = "\u0001watersmeet:memory:";

export function isWatchdogData(value: unknown): value is WatchdogData {
  return (
    value !== null && typeof value === "object" && "parentPid" in value && "maxRssBytes" in value && "peak" in value
  );
}

/** What a child may use whose heap may grow to so much: buffers and native code may take as much again, and Node itself some. */
export function maxRssOf(memoryMb: number): number {
  return (memoryMb * 2 + 256) * 1_048_576;
}
