import { WatersmeetError, isWatersmeetError, type ErrorCode } from "@watersmeet/core/errors";

/** What Postgres's codes (SQLSTATE) mean; a longer prefix goes before a shorter. */
const meanings: readonly (readonly [string, ErrorCode, string])[] = [
  ["57014", "STORE_INTERRUPTED", "The work was cancelled or ran out of time."],
  ["55P03", "STORE_CONFLICT", "Readers or another run hold the table; try again."],
  ["40", "STORE_CONFLICT", "Try again."],
  ["53", "STORE_EXHAUSTED", "Free disk, memory or connections of the server."],
  ["22", "STORE_VALUE_INVALID", "A value does not fit the column's type: see the message."],
  ["23", "STORE_CONFLICT", "Another run wrote the same; try again."],
  ["42", "STORE_QUERY_FAILED", "See the message for the place in the query."],
  ["0A", "STORE_QUERY_FAILED", "See the message for the place in the query."],
  ["XX001", "STORE_CORRUPT", "Restore the database."],
];

/** Gives an error of Postgres, or of the connection to it, a code; ours pass unchanged. */
export function toStoreError(error: unknown): unknown {
  if (isWatersmeetError(error)) return error;
  const state = sqlStateOf(error);
  const [, code, hint] = meanings.find(([prefix]) => state?.startsWith(prefix)) ?? [
    null,
    "STORE_UNREACHABLE" as const,
    "Check that the server runs and can be reached; the worker tries again.",
  ];
  return new WatersmeetError(code, `Postgres: ${describe(error)}`, {
    hint,
    cause: error,
    details: { sqlState: state ?? null },
  });
}

/** `undefined` when the error did not come from the server, so that what it did is not known. */
export function sqlStateOf(error: unknown): string | undefined {
  const source = isWatersmeetError(error) ? error.cause : error;
  if (typeof source !== "object" || source === null || !("code" in source) || !("severity" in source)) return undefined;
  return typeof source.code === "string" ? source.code : undefined;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Of a COPY: the line, the column and the value.
  const where = "where" in error && typeof error.where === "string" ? ` (${error.where.split("\n")[0]})` : "";
  const message =
    error.message === "" && error instanceof AggregateError ? error.errors.map(String).join("; ") : error.message;
  return `${message}${where}`;
}
