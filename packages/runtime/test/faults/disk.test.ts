import { execFile } from "node:child_process";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createDuckdbMergeEngine } from "../../src/stores/duckdb/merge-engine.ts";
import { openDuckdbStore } from "../../src/stores/duckdb/open-duckdb-store.ts";
import { asset, createScratch, orders, publish, read, type Scratch } from "../stores/stored-rows.ts";

/* Rows 44, 46, 47, 49-52 of docs/reference/faults.md. */
const child = join(import.meta.dirname, "disk-child.ts");
const parts = asset("parts", true);
const isRoot = process.getuid?.() === 0;

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await createScratch();
  folder = await mkdtemp(join(tmpdir(), "watersmeet-disk-"));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const told = z.looseObject({
  code: z.string().exactOptional(),
  message: z.string().exactOptional(),
  rows: z.number().exactOptional(),
  sum: z.number().exactOptional(),
});
type Told = z.output<typeof told>;

/** What the child says; `null` when it was taken down. */
async function runChild(deed: "read" | "write" | "die", path: string, options: object = {}): Promise<Told | null> {
  const ran = promisify(execFile)(process.execPath, [child, deed, path], { timeout: 240_000, ...options });
  const stdout = await ran.then((done) => done.stdout).catch(() => "");
  return stdout === "" ? null : told.parse(JSON.parse(stdout));
}

function openStore(path: string) {
  return openDuckdbStore({
    name: "default",
    path,
    spillDirectory: join(scratch.folder, "spill"),
    memoryLimit: "256MB",
    threads: 1,
    merge: createDuckdbMergeEngine(),
    now: Date.now,
    onPhase: () => {},
  });
}

test("a file that is deleted, or replaced, while it is open takes no more commits, and says so", async () => {
  const path = join(folder, "gone.duckdb");
  await using store = await openStore(path);
  const first = await publish(store, scratch, { asset: parts, partition: "a", rows: orders(3) });
  await rename(path, `${path}.moved`);
  const next = () => publish(store, scratch, { asset: parts, partition: "a", rows: orders(4), base: first.version });
  await expect(next()).rejects.toMatchObject({
    code: "STORE_GONE",
    message: expect.stringContaining("deleted or moved away"),
  });
  await writeFile(path, "something else");
  await expect(next()).rejects.toMatchObject({ code: "STORE_GONE", message: expect.stringContaining("another file") });
  await rm(path);
  await rename(`${path}.moved`, path);
  expect(await next()).toMatchObject({ version: 2 });
});

test.skipIf(!isRoot)("a file that may not be written is refused with what is wrong", async () => {
  const path = join(folder, "owned", "parts.duckdb");
  await mkdir(join(folder, "owned"));
  expect(await runChild("write", path)).toMatchObject({ version: 1 });
  await chmod(path, 0o644);
  const stranger = { uid: 65_534, gid: 65_534, env: { PATH: process.env["PATH"], TMPDIR: "/tmp" } };
  const refused = await runChild("write", path, stranger);
  expect(refused?.code).toMatch(/^STORE_/);
  expect(refused?.message).toMatch(/Permission denied|read-only/i);
});

test("a file in which a bit has turned is refused, or reads as it was: never something else", async () => {
  const path = join(folder, "sound.duckdb");
  await runChild("write", path);
  const sound = await runChild("read", path);
  expect(sound?.rows).toBe(20_000);
  const { size } = await stat(path);
  const outcomes = { equal: 0, refused: 0 };
  for (let flip = 0; flip < 6; flip++) {
    const damaged = join(folder, `flipped-${flip}.duckdb`);
    await copyFile(path, damaged);
    // Spread over the file, and the same each time.
    await turnBit(damaged, Math.floor((size * (2 * flip + 1)) / 12), flip % 8);
    const answer = await runChild("read", damaged);
    const isEqual = answer?.rows === sound?.rows && answer?.sum === sound?.sum;
    if (answer !== null && answer.code === undefined) expect(isEqual, `bit ${flip}`).toBe(true);
    outcomes[isEqual ? "equal" : "refused"] += 1;
    await rm(damaged);
  }
  expect(outcomes.refused + outcomes.equal).toBe(6);
});

async function turnBit(path: string, at: number, bit: number): Promise<void> {
  const file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ (1 << bit);
  await file.write(byte, 0, 1, at);
  await file.close();
}

test("a write-ahead log in which a bit has turned, or that is torn, is refused, or gives whole commits: never half of one", async () => {
  const path = join(folder, "logged.duckdb");
  expect(await runChild("die", path)).toBeNull();
  const { size } = await stat(`${path}.wal`);
  for (let damage = 0; damage < 4; damage++) {
    const damaged = join(folder, `logged-${damage}.duckdb`);
    await copyFile(path, damaged);
    await copyFile(`${path}.wal`, `${damaged}.wal`);
    const at = Math.floor((size * (2 * damage + 1)) / 8);
    if (damage % 2 === 0) await turnBit(`${damaged}.wal`, at, damage);
    else await truncate(`${damaged}.wal`, at);
    const answer = await runChild("read", damaged);
    // What was cut off is missing without a word: `watersmeet doctor` finds it, since the ledger has its record.
    if (answer !== null && answer.code === undefined) expect([0, 20_000], `damage ${damage}`).toContain(answer.rows);
  }
});

test("a write-ahead log of an older state is refused beside a newer file, and not replayed a second time", async () => {
  const path = join(folder, "stale.duckdb");
  expect(await runChild("die", path)).toBeNull();
  const log = await readFile(`${path}.wal`);
  {
    await using store = await openStore(path);
    const [head] = await store.listHeads("prod", parts.key);
    await publish(store, scratch, { asset: parts, partition: "a", rows: orders(5), base: head?.version ?? null });
  }
  await writeFile(`${path}.wal`, log);
  const opened = openStore(path).then(async (store) => {
    const heads = await store.listHeads("prod", parts.key);
    const rows = await read(store, parts, heads);
    await store[Symbol.asyncDispose]();
    return rows.length;
  });
  const outcome = await opened.catch((error: unknown) => error);
  if (typeof outcome === "number") expect(outcome).toBe(5);
  else expect(outcome).toMatchObject({ code: expect.stringMatching(/^STORE_/) });
});

const disk = isRoot && process.platform === "linux";

test.skipIf(!disk)(
  "a disk that is full loses nothing that was acknowledged, says so, and serves again when there is room",
  async ({ skip }) => {
    const mount = join(folder, "small");
    await mkdir(mount);
    const mounted = await promisify(execFile)("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", mount]).catch(
      () => null,
    );
    skip(mounted === null, "tmpfs cannot be mounted here");
    try {
      const path = join(mount, "parts.duckdb");
      const ballast = join(mount, "ballast");
      await writeFile(ballast, Buffer.alloc(8 * 1024 * 1024));
      const { acknowledged, refusal } = await fill(path);
      expect(acknowledged).toBeGreaterThan(0);
      expect(refusal).toMatchObject({ code: expect.stringMatching(/^STORE_(EXHAUSTED|COMMIT_UNKNOWN)$/) });
      await rm(ballast);
      await using again = await openStore(path);
      const heads = await again.listHeads("prod", parts.key);
      expect(heads.length).toBeGreaterThanOrEqual(acknowledged);
      expect(await read(again, parts, heads)).toHaveLength(15_000 * heads.length);
      const more = { asset: parts, partition: "more", rows: orders(10), commitId: "more" };
      expect(await publish(again, scratch, more)).toMatchObject({ isReplay: false });
    } finally {
      await promisify(execFile)("umount", ["-l", mount]);
    }
  },
  120_000,
);

/** Commits partition after partition until one is refused. */
async function fill(path: string): Promise<{ readonly acknowledged: number; readonly refusal: unknown }> {
  await using store = await openStore(path);
  for (let version = 1; version <= 60; version++) {
    const rows = orders(15_000, version * 100_000);
    try {
      await publish(store, scratch, { asset: parts, partition: `p${version}`, rows, commitId: `c${version}` });
    } catch (refusal) {
      return { acknowledged: version - 1, refusal };
    }
  }
  return { acknowledged: 60, refusal: null };
}
