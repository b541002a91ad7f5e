import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createChildPool } from "../../src/child/child-pool.ts";
import { defaultBreakerSettings } from "../../src/config/failure-terms.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { listBreakers } from "../../src/queue/breaker/list-breakers.ts";
import { beginProbes, endProbe } from "../../src/queue/breaker/probe-breakers.ts";
import { ensureResources } from "../../src/queue/resources.ts";
import { readWaiting } from "../../src/queue/waiting/read-waiting.ts";
import type { AskResource } from "../../src/worker/probes.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { startTestWorker, submit, waitForEnd, waitUntil } from "../worker/test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

const breaker = { ...defaultBreakerSettings, openMs: 100, maxOpenMs: 100, hasProbe: true };
const away = { cause: "unreachable", retryAfterMs: null, message: "connect ECONNREFUSED" } as const;

/** A run of six steps at a resource whose breaker has been open until now. */
async function submitAtOpen(resource: string) {
  const resources = { [resource]: { concurrency: 4, breaker } };
  await ensureResources(ledger.db, resources);
  await sql`
    update watersmeet.breaker set state = 'open', reason = 'it did not answer', opened_at = now(), retry_at = now() where resource = ${resource}`.execute(
    ledger.db,
  );
  const id = await submit(ledger.db, [{ key: "call", partitions: 6, resource }]);
  return { id, resources };
}

async function findBreaker(resource: string) {
  return (await listBreakers(ledger.db)).find((each) => each.resource === resource);
}

test("a probe goes before the first step, by one worker for all, and while it fails no step is tried", async () => {
  const { id, resources } = await submitAtOpen("crm");
  const gate = Promise.withResolvers<void>();
  let [asked, asking, most, begun] = [0, 0, 0, 0];
  const ask: AskResource = async () => {
    asked += 1;
    asking += 1;
    most = Math.max(most, asking);
    if (asked === 3) await gate.promise;
    asking -= 1;
    return asked < 3 ? away : null;
  };
  const behave = (): undefined => {
    begun += 1;
  };
  await using _one = await startTestWorker(ledger.connections, behave, { resources, ask });
  await using other = await openLedger(ledger.url, { schema: "require" });
  await using _two = await startTestWorker(other, behave, { resources, ask });
  await waitUntil(() => asked === 3);
  expect(begun).toBe(0);
  expect(most).toBe(1);
  expect(await findBreaker("crm")).toMatchObject({ phase: "halfOpen", failedProbes: 2 });
  const [waiting] = await readWaiting(ledger.db, [{ runId: id, ordinal: 0 }]);
  expect(waiting).toMatchObject({ kind: "breaker", reason: expect.stringContaining("it is being tried") });
  gate.resolve();
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect((await findBreaker("crm"))?.phase).toBe("closed");
  expect(asked).toBe(3);
});

test("a probe that fails for a reason of its own tells nothing, and a step is tried", async () => {
  const { id, resources } = await submitAtOpen("erp");
  const ask: AskResource = async () => ({ cause: "defect", retryAfterMs: null, message: "x is not a function" });
  await using _worker = await startTestWorker(ledger.connections, () => undefined, { resources, ask });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});

test("whoever dies with a probe keeps nobody, and what it tells afterwards of another opening is not heard", async () => {
  const { id, resources } = await submitAtOpen("wms");
  const [probe] = await beginProbes(ledger.db, ["wms"], 1);
  if (probe === undefined) throw new Error("there is no probe");
  expect(await beginProbes(ledger.db, ["wms"], 1)).toEqual([]);
  await using _worker = await startTestWorker(ledger.connections, () => undefined, { resources });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await endProbe(ledger.db, probe, { failure: away, random: 0.5 })).toBe(false);
  expect((await findBreaker("wms"))?.phase).toBe("closed");
});

test("the project's probe runs in a child: an answer that is not ok, an error and a hang tell what they are", async () => {
  await using stack = new AsyncDisposableStack();
  let status = 200;
  const server = createServer((_request, response) => response.writeHead(status, { "retry-after": "7" }).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.defer(() => void server.close());
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const root = await mkdtemp(join(tmpdir(), "watersmeet-probe-"));
  stack.defer(() => rm(root, { recursive: true, force: true }));
  await writeFile(join(root, "package.json"), `{ "type": "module" }`);
  await writeFile(
    join(root, "watersmeet.config.ts"),
    `const ask = (path: string) => (signal: AbortSignal) => fetch("http://127.0.0.1:${port}" + path, { signal });
     export default { resources: {
       api: { breaker: { probe: ask("/health") } },
       gone: { breaker: { probe: () => { throw Object.assign(new Error("connect"), { code: "ECONNREFUSED" }); } } },
       hangs: { breaker: { probe: () => new Promise(() => setInterval(() => {}, 1000)) } },
       none: {} } };`,
  );
  const children = stack.use(createChildPool({ root, size: 1, memoryMb: 128, stepsPerChild: 50, env: process.env }));
  const ask = async (resource: string, timeoutMs = 120_000) => {
    const answer = await children.perform(
      { kind: "probe", resource, configFile: "watersmeet.config.ts" },
      {
        subject: `the probe of ${resource}`,
        code: { root, generation: "g", files: {} },
        timeoutMs,
        listener: { log: () => {}, progress: () => {} },
        signal: new AbortController().signal,
      },
    );
    return answer.kind === "failure" ? { cause: answer.failure.cause, ms: answer.failure.retryAfterMs } : answer.kind;
  };
  expect(await ask("api")).toBe("result");
  status = 503;
  expect(await ask("api")).toEqual({ cause: "throttled", ms: 7000 });
  expect(await ask("gone")).toEqual({ cause: "unreachable", ms: null });
  expect(await ask("none")).toMatchObject({ cause: expect.not.stringMatching(/unreachable|timedOut/) });
  expect(await ask("hangs", 500)).toMatchObject({ cause: "timedOut" });
});
