/**
 * From `watersmeet dev` to the first rows: `node packages/ui-server/bench/dev-start.bench.ts [repeats]`. A copy of the quickstart that was never
 * run, with a Postgres that does not exist yet; a run of `orders` is asked for as soon as the server answers. Times from the start of the
 * process, medians. Bound of the first materialization: three seconds.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { copyProject, median, startCommand } from "./command-process.ts";

const repeats = Number(process.argv[2] ?? 3);
const boundMs = 3000;
const givenUpAfterMs = 60_000;

interface Marks {
  readonly firstLineMs: number;
  readonly healthMs: number;
  readonly materializedMs: number;
}

const rounds: Marks[] = [];
for (let round = 0; round < repeats; round += 1) rounds.push(await measure());
const materializedMs = median(rounds.map((marks) => marks.materializedMs));
console.log(`\nwatersmeet dev on an empty project, medians of ${repeats}`);
console.log(`  first line              ${show(median(rounds.map((marks) => marks.firstLineMs)))}`);
console.log(`  health answers          ${show(median(rounds.map((marks) => marks.healthMs)))}`);
console.log(
  `  first materialization   ${show(materializedMs)}   ${materializedMs <= boundMs ? "within" : "OVER"} ${boundMs} ms`,
);

async function measure(): Promise<Marks> {
  await using project = await copyProject("quickstart");
  const port = await findFreePort();
  const api = `http://127.0.0.1:${port}/api/v1`;
  const startedAt = performance.now();
  const server = startCommand(project.directory, ["dev", "--port", String(port)]);
  const ended = once(server, "close");
  server.stdout?.resume();
  try {
    const firstLineMs = new Promise<number>((tell) => {
      server.stderr?.once("data", () => tell(performance.now() - startedAt));
    });
    await until(() => get(`${api}/health`));
    const healthMs = performance.now() - startedAt;
    await submit(api);
    await until(async () => (await get(`${api}/runs?limit=1`))?.includes('"state":"succeeded"'));
    return { firstLineMs: await firstLineMs, healthMs, materializedMs: performance.now() - startedAt };
  } finally {
    server.kill("SIGINT");
    await ended;
  }
}

async function submit(api: string): Promise<void> {
  const response = await fetch(`${api}/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ select: "orders" }),
  });
  if (!response.ok) throw new Error(`POST ${api}/runs: ${response.status} ${await response.text()}`);
}

/** Undefined while nobody answers. */
async function get(url: string): Promise<string | undefined> {
  const response = await fetch(url).catch(() => undefined);
  return response?.ok === true ? await response.text() : undefined;
}

async function until(look: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + givenUpAfterMs;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== undefined && found !== false) return;
    await sleep(10);
  }
  throw new Error(`not within ${givenUpAfterMs} ms`);
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

function show(ms: number): string {
  return `${ms.toFixed(0).padStart(6)} ms`;
}
