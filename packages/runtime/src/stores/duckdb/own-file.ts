import { createHash } from "node:crypto";
import { createConnection, createServer, type Server } from "node:net";
import { WatersmeetError } from "@watersmeet/core/errors";

/**
 * Takes a DuckDB file for this process. DuckDB's own lock is one of POSIX: any close of any handle of the file in the process drops it, and a second open
 * in the same process is let through. So on Linux the path's name is also bound as an abstract socket, which the kernel frees when the process dies
 * and which tells who holds it. Elsewhere DuckDB's lock stands alone.
 *
 * @throws {STORE_LOCKED} naming the holder
 */
export async function ownFile(realPath: string): Promise<Disposable> {
  if (process.platform !== "linux") return { [Symbol.dispose]() {} };
  const name = `\0watersmeet-${createHash("sha256").update(realPath).digest("hex").slice(0, 40)}`;
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(String(process.pid));
  });
  try {
    await listen(server, name);
  } catch (error) {
    throw lockedError(realPath, await askHolder(name), error);
  }
  server.unref();
  return {
    [Symbol.dispose]() {
      server.close();
    },
  };
}

export function lockedError(path: string, pid: string | null, cause: unknown): WatersmeetError {
  return new WatersmeetError(
    "STORE_LOCKED",
    `${path} is held by ${pid === null ? "another process" : `process ${pid}`}`,
    {
      hint: "One process owns a DuckDB file. Stop that process, or use what it serves; with a Postgres store many processes can work.",
      details: { path, pid: pid === null ? null : Number(pid) },
      cause,
    },
  );
}

/** The holder's process id in DuckDB's own refusal. */
export function findHolderPid(text: string): string | null {
  return /PID (\d+)/.exec(text)?.[1] ?? null;
}

function listen(server: Server, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path: name }, resolve);
  });
}

function askHolder(name: string): Promise<string | null> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = createConnection({ path: name });
    socket.setTimeout(500, () => socket.destroy());
    socket.on("data", (data) => (answer += data.toString()));
    socket.on("error", () => {});
    socket.on("close", () => resolve(/^\d+$/.test(answer) ? answer : null));
  });
}
