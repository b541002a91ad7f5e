import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../../../../tools/testing/test-database.ts";
import type { StoreDefinition } from "../../../src/config/define-config.ts";
import { countStates, waitForEnd, waitUntil } from "../test-runs.ts";
import { createProjectWorld } from "./project-world.ts";

/* Whatever a step is doing when its run is cancelled: it ends, and so does what it asked others to do. */
let server: Server;
let openRequests = 0;
let port = 0;
beforeAll(async () => {
  // It takes requests and never answers.
  server = createServer((request) => {
    openRequests++;
    request.once("close", () => openRequests--);
    request.socket.once("close", () => request.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address !== null && typeof address === "object") ({ port } = address);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const renderAssets = (): string =>
  `import { asset, query, type Ctx, type Db, type In } from "@watersmeet/core";
import { z } from "zod";

const Row = z.object({ id: z.int() });
export const grid = asset({ schema: Row }, () => Array.from({ length: 3000 }, (_, id) => ({ id })));
export const fetches = asset({ schema: Row }, async (ctx: Ctx) => {
  ctx.log.info("started");
  await fetch("http://127.0.0.1:${port}/", { signal: ctx.signal });
  return [{ id: 1 }];
});
export const loops = asset({ schema: Row }, (ctx: Ctx) => {
  ctx.log.info("started");
  for (;;);
});
export const joins = query({ schema: z.object({ total: z.int() }) }, (g: In<typeof grid>, db: Db) =>
  db
    .selectFrom(g.as("a"))
    .innerJoin(g.as("b"), (join) => join.onTrue())
    .innerJoin(g.as("c"), (join) => join.onTrue())
    .innerJoin(g.as("d"), (join) => join.onTrue())
    .select((e) => [e.fn.sum<number>(sql\`a.id + b.id * c.id + d.id\`).as("total")]));
`.replace("import { z }", 'import { sql } from "kysely";\nimport { z }');

async function cancelEverything(store: StoreDefinition): Promise<void> {
  await using world = await createProjectWorld({
    store,
    assets: renderAssets(),
    config: "worker: { concurrency: 4, childMemoryMb: 96 }",
  });
  const { db } = world.ledger;
  await using _worker = await world.project.startWorker();
  expect(await waitForEnd(db, await world.submit("grid"))).toBe("succeeded");
  const { run } = await world.project.submitRun({ select: "fetches loops joins", requestedBy: "test" });
  await waitUntil(async () => {
    const { rows } =
      await sql`select from watersmeet.log_line where run_id = ${run.id} and message = 'started'`.execute(db);
    return rows.length === 2 && openRequests === 1 && (await countStates(db, run.id))["running"] === 3;
  });
  // None of them would end by itself.
  await world.project.cancelRun(run.id, "test");
  expect(await waitForEnd(db, run.id)).toBe("cancelled");
  expect(await countStates(db, run.id)).toEqual({ cancelled: 3 });
  await waitUntil(() => openRequests === 0);
}

test("on DuckDB, a request, a loop and a statement end when their run is cancelled", async () => {
  await cancelEverything({ kind: "duckdb", path: ".watersmeet/data.duckdb", memoryLimit: "256MB", threads: 1 });
});

test("on Postgres, a request, a loop and a statement end when their run is cancelled, the statement at the server, too", async () => {
  await using database = await createTestDatabase();
  await cancelEverything({ kind: "postgres", url: database.url });
});
