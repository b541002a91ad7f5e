import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WatersmeetError } from "@watersmeet/core/errors";
import { z } from "zod";

/** Where the server of a project is to be found, for other commands on this machine. */
export interface ServerFile {
  readonly url: string;
  readonly pid: number;
}

const ServerFileSchema = z.object({ url: z.url(), pid: z.int().positive() });
const HealthSchema = z.object({ pid: z.int() });

const answerMs = 2000;

function pathIn(stateDirectory: string): string {
  return join(stateDirectory, "server.json");
}

/** Announces a server until disposed. */
export async function announceServer(stateDirectory: string, server: ServerFile): Promise<AsyncDisposable> {
  const path = pathIn(stateDirectory);
  await mkdir(stateDirectory, { recursive: true });
  const draft = `${path}.${server.pid}`;
  await writeFile(draft, `${JSON.stringify(server)}\n`, { mode: 0o600 });
  await rename(draft, path);
  return {
    async [Symbol.asyncDispose]() {
      if ((await readServerFile(stateDirectory))?.pid === server.pid) await rm(path, { force: true });
    },
  };
}

/** The announced server, when it still answers; a file that a dead one left behind counts for nothing. */
export async function findRunningServer(stateDirectory: string): Promise<ServerFile | undefined> {
  const server = await readServerFile(stateDirectory);
  if (server === undefined) return undefined;
  try {
    const response = await fetch(`${server.url}/api/v1/health`, { signal: AbortSignal.timeout(answerMs) });
    const health = HealthSchema.safeParse(await response.json());
    return health.success && health.data.pid === server.pid ? server : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {SERVER_RUNNING} when another server of the project answers */
export async function refuseSecondServer(stateDirectory: string): Promise<void> {
  const server = await findRunningServer(stateDirectory);
  if (server === undefined) return;
  throw new WatersmeetError(
    "SERVER_RUNNING",
    `A server of this project runs already, at ${server.url} (process ${server.pid})`,
    {
      hint: "Use that one, or stop it first",
      details: { ...server },
    },
  );
}

async function readServerFile(stateDirectory: string): Promise<ServerFile | undefined> {
  const text = await readFile(pathIn(stateDirectory), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return ServerFileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
