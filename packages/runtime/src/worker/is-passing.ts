/** SQLSTATEs after which the same statements may succeed: serialization, deadlock, lock timeout, shutdown, connection, resources, recovery. */
const passingStates = /^(40001|40P01|55P03|57P0[1-4]|08...|53...|25006)$/;

/** Whether a database error is about the moment and not about the statement. Errors of the connection itself have no SQLSTATE. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (/^[0-9A-Z]{5}$/.test(code) && !code.startsWith("E")) return passingStates.test(code);
  return code.startsWith("E") || /connection|timeout|terminated/i.test(error.message);
}
