import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { deliver, deliverLate, march } from "../support/deliver.ts";
import { createFixtureProject, type FixtureProject } from "../support/fixture-project.ts";
import { createProjectCli, type ProjectCli } from "../support/project-cli.ts";

// One project; the tests tell its story in their order.
let project: FixtureProject;
let cli: ProjectCli;

beforeAll(async () => {
  project = await createFixtureProject("registries");
  cli = createProjectCli(project);
  expect(await cli("run", "*")).toMatchObject({ exitCode: 0 });
});

afterAll(() => project[Symbol.asyncDispose]());

const Batches = z.object({
  items: z.array(z.object({ id: z.string(), branch: z.string(), standing: z.string(), sequence: z.string() })),
});
const Rows = z.object({ rows: z.array(z.record(z.string(), z.unknown())) });

async function batchesOf(branch: string, standing: string): Promise<readonly string[]> {
  const { items } = Batches.parse(await cli.json("batches", "airports", "--branch", branch, "--standing", standing));
  return items.map(({ id }) => id);
}

async function readNames(): Promise<ReadonlyMap<unknown, unknown>> {
  const { rows } = Rows.parse(await cli.json("show", "airports"));
  return new Map(rows.map((row) => [row["code"], row["name"] ?? null]));
}

test("cut says what each branch brought to the point where they meet", async () => {
  const { stdout, exitCode } = await cli("cut", "airports");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^airports version 1, joined /m);
  expect(stdout).toContain("complete: every branch brought its newest work");
  expect(stdout).toMatch(/^authority +active +2026-03-01T00:00:00Z +1 +authority version 1$/m);
  expect(stdout).toMatch(/^airline +active +2026-03-10T00:00:00Z +1 +airline version 1$/m);
  expect(stdout).toMatch(/^Contributions: 4 in all: /m);
  expect(await cli.json("cut", "airports", "--version", "1")).toMatchObject({
    asset: "airports",
    version: 1,
    baseVersion: null,
    decision: { kind: "complete", missing: [], allowed: null },
    legs: [{ branch: "airline" }, { branch: "authority" }],
  });
});

test("explain names the winner of a cell and the runner-up with its token", async () => {
  const { stdout, exitCode, stderr } = await cli("explain", "airports", "--key", "code=AMS", "--column", "name");
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/name +Amsterdam Schiphol +recencyFirst +won +airline +Amsterdam Schiphol +.*2026-03-10/);
  expect(stdout).toMatch(/runner-up 1 +authority +Schiphol +.*2026-03-01/);
  expect(stdout).toMatch(/airline version 1/);
  expect(await cli.json("explain", "airports", "-k", "code=AMS", "--at", "1")).toMatchObject({
    version: 1,
    key: { code: "AMS" },
    row: { code: "AMS", name: "Amsterdam Schiphol", city: "Amsterdam" },
  });
});

test("rows that come too late are held, listed and shown, and are in no row of the table", async () => {
  await deliverLate(project.directory, () => cli("run", "authority airports", "--force"));
  const { stdout } = await cli("late", "list");
  expect(stdout).toMatch(/^[0-9a-f]{12} +airports +authority .*1 beyond grace .*authority version 3/m);
  expect(stdout).toContain("1 batch held");
  const [id = ""] = await batchesOf("authority", "held");
  const shown = await cli("late", "show", id.slice(0, 8));
  expect(shown, shown.stderr).toMatchObject({ exitCode: 0 });
  expect(shown.stdout).toMatch(/upsert +TXL +Otto Lilienthal .*beyond grace/);
  expect((await readNames()).get("TXL")).toBe("Tegel");
  expect((await cli("cut", "airports")).stdout).toMatch(/^ {2}authority: 1 batch held/m);
});

test("a reconciled batch counts in a new version, after which nothing waits", async () => {
  const [id = ""] = await batchesOf("authority", "held");
  const result = await cli("late", "reconcile", "airports", id.slice(0, 12), "--reason", "the post was slow");
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  expect(result.stdout).toMatch(/^Admitted 1 batch$/m);
  expect(result.stdout).toMatch(/^airports +1 /m);
  expect((await readNames()).get("TXL")).toBe("Otto Lilienthal");
  expect(await cli("late", "list")).toMatchObject({ stdout: "Nothing waits in the holding area\n" });
});

test("a dry run of a revocation tells what would be done, and does nothing", async () => {
  const [id = ""] = await batchesOf("airline", "live");
  const { stdout, exitCode } = await cli("revoke", "airports", id, "--dry-run", "--reason", "a look");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("Would revoke 1 batch");
  expect(stdout).toContain("Would be stale: airportCount");
  expect((await readNames()).get("AMS")).toBe("Amsterdam Schiphol");
});

test("a revoked batch is gone from the table, and explain says that it was revoked", async () => {
  const [id = ""] = await batchesOf("airline", "live");
  const result = await cli("revoke", "airports", id, "--reason", "a broken export");
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  expect((await readNames()).get("AMS")).toBe("Schiphol");
  expect(await batchesOf("airline", "revoked")).toEqual([id]);
  const { stdout } = await cli("explain", "airports", "--key", "code=AMS");
  expect(stdout).toMatch(/^revoked +airline +upsert +.*name=Amsterdam Schiphol/m);
});

test("a rollback gives readers what an earlier version had, in a new version", async () => {
  const before = await readNames();
  const refused = await cli("rollback", "airports", "--to", "2", "--reason", "as it was", "--cascade", "leave-stale");
  expect(refused, refused.stderr).toMatchObject({ exitCode: 0 });
  const after = await readNames();
  expect(before.get("TXL")).toBe("Otto Lilienthal");
  expect(after.get("TXL")).toBe("Tegel");
  expect(await cli("rollback", "airports", "--to", "99", "--reason", "x")).toMatchObject({ exitCode: 2 });
});

test("the audit trail has decisions with who made them and why, and versions, newest first", async () => {
  const { items } = z
    .object({
      items: z.array(z.object({ kind: z.string(), by: z.string().nullable(), reason: z.string().nullable() })),
    })
    .parse(await cli.json("audit", "airports", "--limit", "200"));
  const orders = items.filter(({ kind }) => kind === "order:given");
  expect(orders.map(({ reason }) => reason)).toEqual(["as it was", "a broken export", "the post was slow"]);
  expect(orders.every(({ by }) => by?.startsWith("cli:"))).toBe(true);
  expect(items.filter(({ kind }) => kind === "version:committed").length).toBeGreaterThanOrEqual(5);
});

test("the schema's only form is compatible with itself, and is on record", async () => {
  const checked = await cli("schema", "check", "--replay", "2", "--expect-same");
  expect(checked, checked.stderr).toMatchObject({ exitCode: 0 });
  expect(checked.stdout).toMatch(/^airports: compatible\n[^]*replayed batch [^]*made anew: the same/);
  expect(await cli.json("schema", "history", "airports")).toMatchObject({
    items: [{ number: 1, isPresent: true, fields: [{ id: "code", isKey: true }, { id: "name" }, { id: "city" }] }],
  });
});

test("what is verified is the same, and nothing within the retention is collected", async () => {
  expect(await cli("verify", "airports")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("The same") });
  expect(await cli.json("gc", "--dry-run")).toMatchObject({ items: [{ asset: "airports", batches: 0 }] });
  const doctor = await cli("doctor");
  expect(doctor.stdout).toContain("airports: every contribution has a fate");
});

test("a held batch that is rejected waits no more, never counts, and is listed as rejected", async () => {
  const entries = [{ code: "TXL", name: "Pankow", updatedAt: march(6) }];
  await deliver(project.directory, "authority", { number: 4, entries });
  await cli("run", "authority airports", "--force");
  const before = await readNames();
  const held = await batchesOf("authority", "held");
  expect(held).toHaveLength(1);
  const result = await cli("late", "reject", "airports", held[0] ?? "", "--reason", "nobody calls it so");
  expect(result, result.stderr).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Rejected 1 batch$/m) });
  expect(await cli("late", "list")).toMatchObject({ stdout: "Nothing waits in the holding area\n" });
  expect(await readNames()).toEqual(before);
  expect(await batchesOf("authority", "rejected")).toEqual(held);
});

test("what a branch delivered in a range of time, and what a run delivered, is taken back", async () => {
  const before = await readNames();
  const runs: string[] = [];
  for (const [number, code] of [
    [5, "STR"],
    [6, "DUS"],
  ] as const) {
    const entries = [{ code, name: code, updatedAt: march(20 + number) }];
    await deliver(project.directory, "authority", { number, entries });
    const { run } = z
      .object({ run: z.object({ id: z.string() }) })
      .parse(await cli.json("run", "authority airports", "--force"));
    runs.push(run.id);
  }
  expect(await readNames()).toEqual(new Map([...before, ["STR", "STR"], ["DUS", "DUS"]]));
  const range = ["--source", "authority", "--from", "2026-03-25", "--to", "2026-03-25"];
  const ofSource = await cli("revoke", "airports", ...range, "--reason", "a wrong day");
  expect(ofSource, ofSource.stderr).toMatchObject({ exitCode: 0 });
  expect(await readNames()).toEqual(new Map([...before, ["DUS", "DUS"]]));
  const ofRun = await cli("revoke", "airports", "--run", runs[1] ?? "", "--reason", "a wrong run");
  expect(ofRun, ofRun.stderr).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Revoked 1 batch") });
  expect(await readNames()).toEqual(before);
});

test.each([
  [["late", "reconcile", "airports", "--reason", "x"], 2, "No batch is named"],
  [["late", "reconcile", "airports", "--all"], 2, "reason: is required"],
  [["late", "reject", "airports", "abc", "--all", "--reason", "x"], 2, "Batches are named, and --all is given"],
  [["late", "show", "0000"], 2, "MERGE_BATCH_UNKNOWN"],
  [["revoke", "airports", "--reason", "x"], 2, "named in no way, or in several"],
  [["revoke", "airports", "--run", "1", "--from", "a", "--reason", "x"], 2, "named in no way, or in several"],
  [["rollback", "airports", "--reason", "x"], 2, "to: is required"],
  [["cut", "authority"], 2, "NOT_A_MERGE"],
  [["cut", "airport"], 2, "ASSET_UNKNOWN"],
  [["cut", "airports", "--version", "99"], 2, "NOT_FOUND"],
  [["explain", "airports"], 2, "No key is given"],
  [["explain", "airports", "--key", "nonsense"], 2, "names no cell of a key"],
  [["explain", "airports", "--key", "city=Berlin"], 2, "KEY_INVALID"],
  [["explain", "airports", "--key", "code=XXX"], 2, "NOT_FOUND"],
  [["schema", "history", "authority"], 2, "NOT_A_MERGE"],
  [["schema", "check", "--expect-same"], 2, "needs --replay"],
])("%j ends with %i and says why", async (args, exitCode, words) => {
  const result = await cli(...args);
  expect(result.stderr).toContain(words);
  expect(result.exitCode).toBe(exitCode);
});
