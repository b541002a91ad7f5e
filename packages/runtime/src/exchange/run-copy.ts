import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";

/** Runs a COPY and gives what it says of what it wrote. Ends when the signal does, with the signal's reason. */
export async function runCopy(
  connection: DuckDBConnection,
  sql: string,
  signal: AbortSignal,
): Promise<readonly Readonly<Record<string, DuckDBValue>>[]> {
  signal.throwIfAborted();
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener("abort", interrupt);
  try {
    const written = await connection.runAndReadAll(sql);
    return written.getRowObjects();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}
