import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";

export interface MemoryDuckdb extends Disposable {
  readonly connection: DuckDBConnection;
}

/**
 * A DuckDB of its own in memory, small enough for child processes: one thread, a bounded buffer that spills into `spillDirectory`.
 * It opens no database file: files of stores belong to their one owner.
 */
export async function openMemoryDuckdb(options: {
  readonly spillDirectory: string;
  readonly memoryLimit?: string;
}): Promise<MemoryDuckdb> {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: options.memoryLimit ?? "400MB",
    temp_directory: options.spillDirectory,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  await connection.run("set timezone = 'UTC'");
  return {
    connection,
    [Symbol.dispose]() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
