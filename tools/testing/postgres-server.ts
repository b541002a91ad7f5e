import type { TestProject } from "vitest/node";
import { startPostgres } from "./start-postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A superuser's URL of the server that this run of the tests uses. Make a database of your own on it: see `test-database.ts`. */
    postgresUrl: string;
  }
}

/** One PostgreSQL server for the whole run: that of DATABASE_URL, or an embedded one in a temporary folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  project.provide("postgresUrl", server.url);
  return () => server.stop();
}
