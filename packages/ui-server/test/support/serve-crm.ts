import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openWatersmeet, type Watersmeet } from "@watersmeet/runtime";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { serveApp } from "../../src/http/serve-app.ts";
import { createWebApp } from "../../src/http/web-app.ts";
import { createProjectFolder } from "./fixture-project.ts";

const assets = `
import { source } from "@watersmeet/core";
import { z } from "zod";

/** Customers of the CRM. */
export const customers = source({ schema: z.object({ id: z.number() }), resource: "crm" }, () => [{ id: 1 }]);
`;

export interface ServedCrm extends AsyncDisposable {
  readonly watersmeet: Watersmeet;
  readonly url: string;
}

/** Serves a project, with its web app, whose only asset uses resource `crm`, of which so many units may be in use at the same time. */
export async function serveCrm(concurrency: number): Promise<ServedCrm> {
  await using stack = new AsyncDisposableStack();
  const directory = await createProjectFolder();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "assets"));
  await writeFile(join(directory, "watersmeet.config.ts"), renderConfig(concurrency));
  await writeFile(join(directory, "assets/crm.ts"), assets);
  const database = stack.use(await createTestDatabase());
  const watersmeet = stack.use(await openWatersmeet({ directory, env: { DATABASE_URL: database.url } }));
  const options = { watersmeet, port: 0, web: createWebApp(), version: "0.0.0", onDefect: () => {} };
  const { url } = stack.use(await serveApp(options));
  const moved = stack.move();
  return { watersmeet, url, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

function renderConfig(concurrency: number): string {
  return `
import { defineConfig } from "@watersmeet/runtime/config";
export default defineConfig({ resources: { crm: { concurrency: ${concurrency} } } });
`;
}
