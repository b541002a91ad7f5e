import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RowSchema } from "@watersmeet/core/schema";
import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createChildPool, type ChildPool } from "../../src/child/child-pool.ts";
import type { ChildAnswer } from "../../src/child/child-process.ts";
import type { ChildFailure, ChildWork } from "../../src/child/protocol.ts";
import type { StepLogLine } from "../../src/step/step.ts";
import { copyShop, type TestProject } from "./shop-project.ts";

const secret = "s3cr3t-token";
const schema: RowSchema = {
  columns: [
    { name: "id", type: { kind: "integer" }, isNullable: false, nullAs: "null" },
    { name: "name", type: { kind: "text" }, isNullable: false, nullAs: "null" },
  ],
};

let project: TestProject;
let pool: ChildPool;
/** In which nobody is taken for blocked because the machine is slow. */
let patient: ChildPool;

beforeAll(async () => {
  project = await copyShop();
  await mkdir(project.stateDirectory);
  const env = { ...process.env, WATERSMEET_SECRET_API_TOKEN: secret };
  const settings = { root: project.root, memoryMb: 128, stepsPerChild: 50, env };
  pool = createChildPool({ ...settings, size: 3 });
  patient = createChildPool({ ...settings, size: 1, pingMs: 240_000 });
});

afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  await patient[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

interface Deed {
  readonly file?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly generation?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly onLog?: (line: StepLogLine) => void;
  readonly pool?: ChildPool;
}

function perform(name: string, options: Deed = {}): Promise<ChildAnswer> {
  const injectsCtx = /ctx: Ctx/.test(deeds.find((deed) => deed.startsWith(`${name} `)) ?? "");
  const work: ChildWork = {
    kind: "run",
    asset: { key: parseAssetKey(name), file: options.file ?? "assets/deeds.ts", exportPath: [name] },
    arguments: injectsCtx ? [{ kind: "ctx", position: "0" }] : [],
    attempt: {
      asset: parseAssetKey(name),
      partition: unpartitioned,
      window: null,
      runId: "run1",
      attempt: 1,
      environment: "prod",
      traceId: "trace1",
    },
    output: { path: join(project.stateDirectory, `${name}-${Math.random()}.parquet`), format: "parquet", schema },
    savedDirectory: join(project.stateDirectory, "checkpoints", name),
  };
  return (options.pool ?? pool).perform(work, {
    subject: name,
    code: { root: project.root, generation: options.generation ?? "1", files: options.files ?? {} },
    timeoutMs: options.timeoutMs ?? 240_000,
    listener: { log: options.onLog ?? (() => {}), progress: () => {} },
    signal: options.signal ?? new AbortController().signal,
  });
}

const deeds = (await readFile(new URL("./fixtures/shop/assets/deeds.ts", import.meta.url), "utf8")).split(
  "export const ",
);

async function failureOf(name: string, options?: Deed): Promise<ChildFailure> {
  const answer = await perform(name, options);
  if (answer.kind !== "failure") throw new Error(`${name} answered ${answer.kind}`);
  return answer.failure;
}

test("a loop without await is ended at its timeout, and told from one that waits", async () => {
  const [blocked, waiting] = await Promise.all([
    failureOf("loopsForever", { timeoutMs: 500 }),
    failureOf("waitsForever", { timeoutMs: 500, pool: patient }),
  ]);
  expect(blocked.code).toBe("STEP_TIMED_OUT");
  expect(blocked.message).toMatch(/within 0\.5 s; its event loop was blocked/);
  expect(waiting.code).toBe("STEP_TIMED_OUT");
  expect(waiting.message).toMatch(/it was waiting/);
});

test.each([
  ["exits", /process\.exit\(7\) was called/, "exit"],
  ["aborts", /aborted \(SIGABRT\)/, "abort"],
  ["fillsHeap", /ran out of memory \(the heap may grow to 128 MB\)/, "heapLimit"],
  ["fillsBuffers", /used \d+ MB of memory outside of the heap/, "memoryLimit"],
  ["forgetsRejection", /rejected and nobody awaited it: nobody waits for me/, "unhandledRejection"],
  ["throwsInTimer", /thrown outside of the function: out of the blue/, "uncaughtException"],
])("%s ends its child only, and the message says how", async (name, message, cause) => {
  const failure = await failureOf(name);
  expect(failure.code).toBe("CHILD_DIED");
  expect(failure.message).toMatch(message);
  expect(failure.details).toMatchObject({ cause });
});

test.each([
  ["returnsNumber", /returned 42, which is not rows/],
  ["returnsText", /returned 'rows', which is not rows/],
  ["returnsNothing", /returned undefined, which is not rows/],
])("%s: what is not rows is refused", async (name, message) => {
  const failure = await failureOf(name);
  expect(failure.code).toBe("OUTPUT_INVALID");
  expect(failure.message).toMatch(message);
});

test("an error keeps its message, its cause and a stack with the project's paths alone", async () => {
  const failure = await failureOf("throwsError");
  expect(failure).toMatchObject({
    code: "USER_CODE_THREW",
    message: "no such airport",
    details: { name: "TypeError" },
  });
  expect(failure.stack).toMatch(/^TypeError: no such airport\n {4}at fail \(assets\/deeds\.ts:\d+:\d+\)/);
  expect(failure.stack).toMatch(/caused by: Error: 404/);
  expect(failure.stack).not.toMatch(/node:internal|call-function/);
});

test("a text that is thrown is told as it is", async () => {
  expect((await failureOf("throwsText")).message).toBe("threw 'just a text', which is no Error");
});

test("an author's error can ask for a later try, or for none", async () => {
  expect(await failureOf("asksForLater")).toMatchObject({ wishes: "transient", retryAfterMs: 1_500 });
  expect(await failureOf("givesUp")).toMatchObject({ wishes: "permanent", message: "the account is closed" });
});

test("rows that the schema refuses are counted by column and message, with samples, and no file is left", async () => {
  const answer = await perform("yieldsGarbage");
  expect(answer).toMatchObject({ kind: "result", result: { kind: "invalidRows", rowCount: 4 } });
  if (answer.kind !== "result" || answer.result.kind !== "invalidRows") return;
  const failed = answer.result.failures.find(({ columns }) => columns.includes("id"));
  expect(failed).toMatchObject({ failedRows: 1, sample: [{ id: "1" }] });
});

test("rows that came before an error leave no file", async () => {
  expect((await failureOf("throwsHalfway")).message).toBe("halfway");
});

test("a flood of output and of log lines is kept within bounds, and the step ends well", async () => {
  for (const name of ["floodsOutput", "floodsLog"]) {
    const lines: StepLogLine[] = [];
    const answer = await perform(name, { onLog: (line) => lines.push(line) });
    expect(answer, JSON.stringify(answer)).toMatchObject({
      kind: "result",
      result: { kind: "rows", file: { rowCount: 1 } },
    });
    expect(lines.length).toBeLessThan(2_000);
    expect(lines.at(-1)?.message).toMatch(/left out/);
  }
});

test("rows stream through a heap that could not hold them", async () => {
  expect(await perform("streams")).toMatchObject({
    kind: "result",
    result: { kind: "rows", file: { rowCount: 400_000 } },
  });
});

test("the project can be described while steps take every place", async () => {
  const controller = new AbortController();
  const busy = Array.from({ length: 3 }, () => perform("ignoresSignal", { signal: controller.signal }));
  const manifest = { formatVersion: 1, analyzer: "test", files: {}, assets: [] } as const;
  const described = await pool.perform(
    { kind: "describe", manifest },
    {
      subject: "describe",
      code: { root: project.root, generation: "1", files: {} },
      timeoutMs: 240_000,
      listener: { log: () => {}, progress: () => {} },
      signal: new AbortController().signal,
    },
  );
  expect(described).toMatchObject({ kind: "result", result: { kind: "described" } });
  controller.abort();
  expect(await Promise.all(busy)).toEqual([{ kind: "cancelled" }, { kind: "cancelled" }, { kind: "cancelled" }]);
});

test("user code cannot answer in the child's name by accident", async () => {
  expect(await perform("speaksForChild")).toMatchObject({
    kind: "result",
    result: { kind: "rows", file: { rowCount: 1 } },
  });
});

test("a secret comes from the environment and is masked wherever it is printed", async () => {
  const lines: string[] = [];
  const answer = await perform("wantsSecret", { onLog: (line) => lines.push(JSON.stringify(line)) });
  expect(answer).toMatchObject({ kind: "result", result: { kind: "rows" } });
  expect(lines).toHaveLength(2);
  expect(lines.join("\n")).not.toContain(secret);
  expect(lines.join("\n")).toContain('"header":["Bearer •••"]');
  expect(await failureOf("wantsMissingSecret")).toMatchObject({
    code: "CONFIG_INVALID",
    hint: "Set WATERSMEET_SECRET_NOWHERE in the environment of the worker.",
  });
});

test.each(["obeysSignal", "ignoresSignal", "blocksAndLogs"])("%s is cancelled, and does not go on", async (name) => {
  const controller = new AbortController();
  const started = Promise.withResolvers<void>();
  const running = perform(name, { signal: controller.signal, onLog: () => started.resolve() });
  if (name === "blocksAndLogs") await expect.poll(() => existsSync(join(project.root, "blocked"))).toBe(true);
  else await started.promise;
  controller.abort();
  expect(await running).toEqual({ kind: "cancelled" });
});

test("processes that user code started end with its child", async () => {
  const controller = new AbortController();
  const started = Promise.withResolvers<number>();
  const running = perform("leavesProcess", {
    signal: controller.signal,
    onLog: ({ fields }) => started.resolve(Number(/"pid":(\d+)/.exec(JSON.stringify(fields))?.[1])),
  });
  const pid = await started.promise;
  expect(pid).toBeGreaterThan(0);
  controller.abort();
  await running;
  // A zombie, which nobody reaps in a container, has ended too.
  await expect.poll(() => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone")).toMatch(/^gone|\) Z/);
});

test("a step does not pay for what an earlier one left ticking in its process", async () => {
  expect(await perform("leavesTimeBomb")).toMatchObject({ kind: "result" });
  const fuse = join(project.root, "fuse");
  await writeFile(fuse, "");
  await expect.poll(() => existsSync(fuse)).toBe(false);
  const answers = await Promise.all([perform("throwsText"), perform("throwsText"), perform("throwsText")]);
  for (const answer of answers) expect(answer).toMatchObject({ failure: { code: "USER_CODE_THREW" } });
});

test("an edit of a file that an asset imports is seen by the next step of the next generation", async () => {
  await writeFile(join(project.root, "lib/count.ts"), "export const count = 1;\n");
  await writeFile(
    join(project.root, "assets/counted.ts"),
    [
      'import { asset } from "@watersmeet/core";',
      'import { z } from "zod";',
      'import { count } from "../lib/count.ts";',
      "export const counted = asset({ schema: z.object({ id: z.int(), name: z.string() }) }, () =>",
      '  Array.from({ length: count }, (_, id) => ({ id, name: "row" })));',
    ].join("\n"),
  );
  const rowCount = async (generation: string): Promise<unknown> => {
    const answer = await perform("counted", { file: "assets/counted.ts", generation });
    return answer.kind === "result" && answer.result.kind === "rows" ? answer.result.file.rowCount : answer;
  };
  // More generations than the pool has children: one of them loads the module again.
  for (const [count, generation] of ["10", "11", "12", "13", "14"].entries()) {
    await writeFile(join(project.root, "lib/count.ts"), `export const count = ${count + 1};\n`);
    expect(await rowCount(generation)).toBe(count + 1);
  }
});

test("a file that changed after the project was derived is refused, not run under a wrong code version", async () => {
  const file = "assets/fresh.ts";
  const text = 'export { throwsText as fresh } from "./deeds.ts";\n';
  await writeFile(join(project.root, file), text);
  const failure = await failureOf("fresh", { file, generation: "4", files: { [file]: "0".repeat(64) } });
  expect(failure).toMatchObject({ code: "PROJECT_CHANGED", details: { file } });
  const digest = createHash("sha256").update(text).digest("hex");
  expect(await failureOf("fresh", { file, generation: "5", files: { [file]: digest } })).toMatchObject({
    code: "USER_CODE_THREW",
  });
});
