import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listEvents } from "../../../src/ledger/events.ts";
import { openLedger, type LedgerConnections } from "../../../src/ledger/open-ledger.ts";
import type { ClaimedStep } from "../../../src/step/step.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { failed } from "../test-executor.ts";
import type { AssetSketch } from "../test-plans.ts";
import { countStates, startTestWorker, submit, waitForEnd, waitUntil } from "../test-runs.ts";
import { behaveBy, confluence, findStep, runOnce, type Deeds } from "./confluence.ts";

let ledger: TestLedger;
let other: LedgerConnections;
beforeAll(async () => {
  ledger = await createTestLedger();
  other = await openLedger(ledger.url);
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

test("with a quorum a merge joins the last good version of what failed, and says so", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  const seen: ClaimedStep[] = [];
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds, seen));
  const sketches = confluence("Quorum", { quorum: 2 });
  const first = await runOnce(ledger, sketches);
  const good = seen.find((step) => step.asset === "mergeQuorum");
  expect(good?.decision).toBeUndefined();
  expect((await findStep(ledger, first, "mergeQuorum"))?.decision).toBeNull();

  deeds.c = "fail";
  const second = await runOnce(ledger, sketches);
  const decision = { kind: "quorum", missing: ["cQuorum"], allowed: 2 };
  expect(await countStates(ledger.db, second)).toEqual({ succeeded: 4, failed: 1 });
  const merged = seen.findLast((step) => step.asset === "mergeQuorum");
  expect(merged?.decision).toEqual(decision);
  expect(merged?.inputs.map((input) => input.commitId === good?.inputs[0]?.commitId)).toEqual([false, false, false]);
  expect(merged?.inputs.find((input) => input.asset === "cQuorum")?.commitId).toBe(
    good?.inputs.find((input) => input.asset === "cQuorum")?.commitId,
  );
  expect(await findStep(ledger, second, "mergeQuorum")).toMatchObject({ state: "succeeded", decision });
  const events = await listEvents(ledger.db, { runId: second }, { limit: 100 });
  expect(events.items.find((event) => event.kind === "merge:decided")).toMatchObject({
    asset: "mergeQuorum",
    body: { ...decision, count: 1 },
  });
});

test("a branch that is blocked by a gate, or whose own inputs failed, is missing as one that failed", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const sketches = [
    { key: "cSpring" },
    { key: "aDeep" },
    { key: "bDeep" },
    { key: "deep", inputs: ["cSpring"] },
    { key: "mergeDeep", inputs: ["aDeep", "bDeep", "deep"], wait: { quorum: 1 } },
  ];
  await runOnce(ledger, sketches);
  deeds.b = "block";
  deeds.c = "fail";
  const id = await runOnce(ledger, sketches);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 2, blocked: 1, failed: 1, upstreamFailed: 1 });
  expect((await findStep(ledger, id, "mergeDeep"))?.decision).toEqual({
    kind: "quorum",
    missing: ["bDeep", "deep"],
    allowed: 1,
  });
});

test("a merge without terms still ends with the branch that failed", async () => {
  await using _worker = await startTestWorker(ledger.connections, behaveBy({ a: "succeed", b: "fail", c: "succeed" }));
  const id = await runOnce(ledger, confluence("Plain", {}));
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 2, failed: 1, upstreamFailed: 2 });
});

test("a quorum that cannot be reached ends the merge with the names of its branches and what they did", async () => {
  await using _worker = await startTestWorker(ledger.connections, behaveBy({ a: "succeed", b: "fail", c: "block" }));
  const id = await runOnce(ledger, confluence("TooFew", { quorum: 2 }, { optional: ["b", "c"] }));
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 1, failed: 2, blocked: 1, upstreamFailed: 1 });
  const { failure } = (await findStep(ledger, id, "mergeTooFew")) ?? {};
  expect(failure?.code).toBe("MERGE_LEGS_MISSING");
  expect(failure?.message).toContain("needs the newest work of 2 of its branches, and no more than 1 can be there");
  expect(failure?.message).toContain("aTooFew is there; bTooFew failed: b is away; cTooFew was blocked by a gate");
  const { rows } = await sql`
    select from watersmeet.failed_partition where asset = 'mergeTooFew' and run_id = ${id}`.execute(ledger.db);
  expect(rows).toHaveLength(1);
});

test("a branch that the merge requires is never done without", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const sketches = confluence("Required", { quorum: 1, required: ["b"] });
  await runOnce(ledger, sketches);
  deeds.b = "fail";
  const id = await runOnce(ledger, sketches);
  expect((await findStep(ledger, id, "mergeRequired"))?.failure?.message).toContain("it requires bRequired");
  deeds.b = "succeed";
  deeds.c = "fail";
  expect(await countStates(ledger.db, await runOnce(ledger, sketches))).toEqual({ succeeded: 4, failed: 1 });
});

test("a branch that never had a version is done without only when its parameter is optional", async () => {
  const seen: ClaimedStep[] = [];
  await using _worker = await startTestWorker(
    ledger.connections,
    behaveBy({ a: "succeed", b: "fail", c: "succeed" }, seen),
  );
  const refused = await runOnce(ledger, confluence("Never", { quorum: 2 }));
  expect((await findStep(ledger, refused, "mergeNever"))?.failure?.message).toContain(
    "there is no version of bNever to fall back on",
  );
  const allowed = await runOnce(ledger, confluence("Optional", { quorum: 2 }, { optional: ["b"] }));
  expect((await findStep(ledger, allowed, "mergeOptional"))?.decision).toMatchObject({ missing: ["bOptional"] });
  const merged = seen.find((step) => step.asset === "mergeOptional");
  expect(merged?.inputs.map((input) => input.asset)).toEqual(["aOptional", "cOptional"]);
});

test("each partition of a merge decides for itself", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  let broken = new Set<string>();
  await using _worker = await startTestWorker(ledger.connections, (step, signal, listener) =>
    step.asset.startsWith("c") && broken.has(step.partition) ? failed() : behaveBy(deeds)(step, signal, listener),
  );
  const sketches = confluence("Parts", { quorum: 2 }, { partitions: 6 });
  await runOnce(ledger, sketches);
  broken = new Set(["p0001", "p0004"]);
  const id = await runOnce(ledger, sketches);
  const { rows } = await sql<{ partition: string; decision: unknown }>`
    select partition, decision from watersmeet.step where run_id = ${id} and asset = 'mergeParts' and decision is not null order by ordinal`.execute(
    ledger.db,
  );
  const decision = { kind: "quorum", missing: ["cParts"], allowed: 2 };
  expect(rows).toEqual([
    { partition: "p0001", decision },
    { partition: "p0004", decision },
  ]);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 28, failed: 2 });
});

test("a branch that is read as a whole is missing when one of its partitions is, and the others are read as they came", async () => {
  const seen: ClaimedStep[] = [];
  let isBroken = false;
  await using _worker = await startTestWorker(ledger.connections, (step) => {
    seen.push(step);
    return isBroken && step.asset.startsWith("c") && step.partition === "p0002" ? failed() : undefined;
  });
  const sketches: readonly AssetSketch[] = [
    { key: "aWhole", partitions: 4 },
    { key: "cWhole", partitions: 4 },
    {
      key: "mergeWhole",
      partitions: 4,
      inputs: [{ from: "aWhole" }, { from: "cWhole", mapping: { kind: "all" } }],
      wait: { quorum: 1 },
    },
  ];
  await runOnce(ledger, sketches);
  const before = seen.find((step) => step.asset === "mergeWhole");
  isBroken = true;
  const id = await runOnce(ledger, sketches);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 11, failed: 1 });
  const merged = seen.findLast((step) => step.asset === "mergeWhole");
  expect(merged?.decision).toEqual({ kind: "quorum", missing: ["cWhole"], allowed: 1 });
  const commits = (step: ClaimedStep | undefined): readonly (string | undefined)[] =>
    step?.inputs.filter((input) => input.asset === "cWhole").map((input) => input.commitId) ?? [];
  expect(commits(merged).map((commitId, index) => commitId === commits(before)[index])).toEqual([
    false,
    false,
    true,
    false,
  ]);
});

test("a branch of which something is lost is judged by that alone while the rest may still come", async () => {
  let deed: "succeed" | "lose" = "succeed";
  const rest = Promise.withResolvers<undefined>();
  await using _worker = await startTestWorker(ledger.connections, async (step) => {
    if (deed === "succeed" || !step.asset.startsWith("c")) return undefined;
    if (step.partition === "p0000") return failed();
    return rest.promise;
  });
  const sketches = (partitions: number): readonly AssetSketch[] => [
    { key: "aRest" },
    { key: "cRest", partitions },
    { key: "mergeRest", inputs: ["aRest", { from: "cRest", mapping: { kind: "all" } }], wait: { quorum: 1 } },
  ];
  await runOnce(ledger, sketches(1));
  deed = "lose";
  const id = await submit(ledger.db, sketches(3));
  await waitUntil(async () => (await countStates(ledger.db, id))["failed"] === 1);
  await sleep(50);
  expect((await findStep(ledger, id, "mergeRest"))?.state).toBe("waiting");
  rest.resolve(undefined);
  await waitForEnd(ledger.db, id);
  expect(await findStep(ledger, id, "mergeRest")).toMatchObject({
    state: "succeeded",
    decision: { missing: ["cRest"] },
  });
});

test("a merge that gives up is a missing branch of the merge that reads it", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const sketches = [
    { key: "aChain" },
    { key: "bChain" },
    { key: "cChain" },
    { key: "inner", inputs: ["aChain", "bChain"], wait: { quorum: 2 } },
    { key: "outer", inputs: ["inner", "cChain"], wait: { quorum: 1 } },
    { key: "last", inputs: ["inner"] },
  ];
  await runOnce(ledger, sketches);
  deeds.b = "fail";
  const id = await runOnce(ledger, sketches);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 3, failed: 2, upstreamFailed: 1 });
  expect((await findStep(ledger, id, "outer"))?.decision).toMatchObject({ missing: ["inner"] });
});
