import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, test } from "vitest";
import type { RunId } from "../../../src/ledger/records.ts";
import { listAttemptOutcomes, listStepRows, waitForEnd, waitUntil } from "../test-runs.ts";
import { createProjectWorld, type ProjectWorld } from "./project-world.ts";

/* Children of a worker that somebody else kills: the kernel when memory is short, or a person. */
const assets = `import { asset, listed, type Ctx } from "@watersmeet/core";
import { z } from "zod";

const Row = z.object({ id: z.int() });
export const rivers = asset({ schema: Row, partitions: listed(["a", "b", "c"]) }, async (ctx: Ctx) => {
  ctx.log.info("runs in " + process.pid);
  if (ctx.partition === "a" && ctx.attempt === 1) await new Promise(() => setInterval(() => {}, 1000));
  return [{ id: 1 }];
});
export const quick = asset({ schema: Row, partitions: listed(["a", "b", "c"]) }, () => [{ id: 1 }]);
`;

async function findChild({ ledger }: ProjectWorld, id: RunId): Promise<number | null> {
  const { rows } = await sql<{ message: string }>`
    select message from watersmeet.log_line join watersmeet.step using (run_id, ordinal)
    where run_id = ${id} and step.partition = 'a' and message like 'runs in %'`.execute(ledger.db);
  return rows[0] === undefined ? null : Number(rows[0].message.slice("runs in ".length));
}

function listChildren(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

test.skipIf(!existsSync(`/proc/${process.pid}/task/${process.pid}/children`))(
  "children that are killed from outside are replaced: what one was at is tried again, and what others were at goes on",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "watersmeet-children-"));
    await using world = await createProjectWorld({
      store: { kind: "duckdb", path: join(directory, "data.duckdb"), memoryLimit: "256MB", threads: 1 },
      assets,
      config: "worker: { concurrency: 2, childMemoryMb: 96 }, retries: { minDelayMs: 5, maxDelayMs: 20 }",
    });
    const { db } = world.ledger;
    const worker = await world.spawnWorker();
    const id = await world.submit("rivers");
    await waitUntil(async () => (await findChild(world, id)) !== null);
    const child = await findChild(world, id);
    expect(listChildren(worker.pid)).toContain(child);
    process.kill(child ?? 0, "SIGKILL");
    expect(await waitForEnd(db, id)).toBe("succeeded");
    const [killed, ...others] = await listStepRows(db, id);
    expect(killed).toMatchObject({ partition: "a", failures: 1 });
    expect(others.every(({ failures, attempt }) => failures === 0 && attempt === 1)).toBe(true);
    expect(await listAttemptOutcomes(db, id)).toEqual(["failed", "committed", "committed", "committed"]);

    // All that are idle, the one that was started ahead too: nobody was at anything.
    const idle = listChildren(worker.pid);
    expect(idle.length).toBeGreaterThan(0);
    for (const pid of idle) process.kill(pid, "SIGKILL");
    await waitUntil(() => listChildren(worker.pid).every((pid) => !idle.includes(pid)));
    const next = await world.submit("quick");
    expect(await waitForEnd(db, next)).toBe("succeeded");
    expect((await listStepRows(db, next)).every(({ failures, attempt }) => failures === 0 && attempt === 1)).toBe(true);
    await rm(directory, { recursive: true, force: true });
  },
);
