import { WatersmeetError, isWatersmeetError, type ErrorCode } from "@watersmeet/core/errors";

/** What DuckDB's texts mean. It has no codes; the class of an error is the start of its text. First match counts. */
const meanings: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /Could not set lock on file/,
    "STORE_LOCKED",
    "Stop the other process, or let it serve this project: one process owns a DuckDB file.",
  ],
  [/INTERRUPT/i, "STORE_INTERRUPTED", "The work was cancelled or ran out of time."],
  [/Out of Memory Error/i, "STORE_EXHAUSTED", "Raise memoryLimit of the store, or make smaller partitions."],
  [/No space left on device/, "STORE_EXHAUSTED", "Free space on the store's disk."],
  [
    /Corrupt|checksum|field id mismatch|not a valid DuckDB database file/i,
    "STORE_CORRUPT",
    "Restore the file, or move it away and materialize again.",
  ],
  [/TransactionContext Error|Conflict on|write-write conflict/i, "STORE_CONFLICT", "Try again."],
  [
    /Conversion Error|Out of Range Error|Invalid Input Error/,
    "STORE_VALUE_INVALID",
    "A value does not fit the column's type: see the message.",
  ],
  [
    /Binder Error|Parser Error|Catalog Error|Constraint Error/,
    "STORE_QUERY_FAILED",
    "See the message for the place in the query.",
  ],
];

/** Gives an error of DuckDB a code; ours pass unchanged. */
export function toStoreError(error: unknown, doing: string): unknown {
  if (isWatersmeetError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  const [, code, hint] = meanings.find(([pattern]) => pattern.test(text)) ?? [
    null,
    "STORE_UNREACHABLE" as const,
    "See the message; the worker tries again.",
  ];
  return new WatersmeetError(code, `${doing}: ${text.trim()}`, { hint, cause: error });
}

/** Whether the instance refuses all further work until it is opened anew. */
export function isFatal(error: unknown): boolean {
  const text =
    error instanceof Error ? `${error.message} ${error.cause instanceof Error ? error.cause.message : ""}` : "";
  return /FATAL|database has been invalidated/i.test(text);
}
