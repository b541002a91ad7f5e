import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commitLock } from "../../src/stores/postgres/pg-publish.ts";
import { airports, key, openRegisters, type Registers } from "./registers-project.ts";

/* Processes that are killed while they carry out a decision: what comes next is held by a lock until it has happened. The tests build on each other, in this order. */
const child = fileURLToPath(new URL("./deciding-child.ts", import.meta.url));
const limits = key("limits");
const ana = { by: "ana", reason: "killed" } as const;

let registers: Registers;
let ledger: pg.Client;
let store: pg.Client;

beforeAll(async () => {
  registers = await openRegisters("postgres");
  ledger = new pg.Client({ connectionString: registers.ledgerUrl });
  store = new pg.Client({ connectionString: registers.storeUrl ?? "" });
  await Promise.all([ledger.connect(), store.connect()]);
  await registers.run({ select: "limits" });
});

afterAll(async () => {
  await Promise.all([ledger.end(), store.end()]);
  await registers[Symbol.asyncDispose]();
});

interface Death {
  readonly decision: "revoke" | "rollback";
  readonly idempotencyKey: string;
  /** Taken before it decides, given back when it is dead. */
  readonly lock: { readonly in: pg.Client; readonly sql: string };
  /** A count that becomes 1 when it has come as far as it is to come. */
  readonly reached: { readonly in: pg.Client; readonly sql: string };
}

async function decideAndDie({ decision, idempotencyKey, lock, reached }: Death): Promise<void> {
  const args = [child, registers.root, registers.ledgerUrl, decision, idempotencyKey];
  const deciding = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const said: string[] = [];
  deciding.stdout.on("data", (text: Buffer) => said.push(text.toString()));
  const ended = once(deciding, "exit");
  try {
    await expect.poll(() => said.join("")).toBe("ready\n");
    await lock.in.query("begin");
    await lock.in.query(lock.sql);
    deciding.stdin.write("go\n");
    const count = async () => Number((await reached.in.query<{ n: string }>(reached.sql)).rows[0]?.n);
    await expect.poll(count).toBe(1);
  } finally {
    deciding.kill("SIGKILL");
    await ended;
    await lock.in.query("rollback");
  }
  expect(said.join("")).toBe("ready\n");
}

async function auditOf(asset: typeof limits): Promise<readonly string[]> {
  const entries = await registers.project.merges.audit(asset, { limit: 20 });
  return entries.map(({ kind }) => kind).toReversed();
}

test("killed between an order and its run: the order stands, once, and its run comes when it is asked for again", async () => {
  const at = "2001-01-02T00:00:00Z";
  await registers.deliver({
    authority: [{ code: "TXL", name: "Tegel", at }],
    airline: [{ code: "TXL", city: "Berlin", at }],
  });
  await decideAndDie({
    decision: "revoke",
    idempotencyKey: "the revoke",
    lock: { in: ledger, sql: "lock table watersmeet.step in share mode" },
    reached: { in: ledger, sql: "select count(*) as n from watersmeet.decision" },
  });
  await registers.reopen();
  expect(await registers.rows("airports")).toEqual(["code=TXL name=Tegel city=Berlin"]);
  expect((await registers.project.plan({ select: "airports" })).assets[0]?.run[0]?.reason).toEqual({
    kind: "ordersChanged",
  });
  const what = { kind: "source", branch: "airline", from: null, to: null } as const;
  const request = { ...ana, asset: airports, what, idempotencyKey: "the revoke" };
  const { run } = await registers.project.merges.revoke(request);
  expect(await registers.follow(run)).toMatchObject({ state: "succeeded", stepCount: 1 });
  expect(await registers.rows("airports")).toEqual(["code=TXL name=Tegel"]);
  expect((await registers.project.merges.revoke(request)).run?.id).toBe(run?.id);
  expect((await auditOf(airports)).filter((kind) => kind === "order:given")).toHaveLength(1);
});

const steps: readonly (readonly [string, () => Pick<Death, "lock" | "reached">])[] = [
  [
    "before the store was asked",
    () => ({
      lock: { in: store, sql: commitLock },
      reached: { in: ledger, sql: "select count(*) as n from watersmeet.head_pin where moved_at is null" },
    }),
  ],
  [
    "before the ledger followed",
    () => ({
      lock: { in: ledger, sql: "lock table watersmeet.head in share mode" },
      reached: {
        in: store,
        sql: "select count(*) as n from _watersmeet.head h join _watersmeet.asset a using (asset_id) where a.key = 'limits' and h.version = 1",
      },
    }),
  ],
  [
    "before its run began",
    () => ({
      lock: { in: ledger, sql: "lock table watersmeet.step in share mode" },
      reached: {
        in: ledger,
        sql: "select count(*) as n from watersmeet.head_pin pin join watersmeet.head using (environment, asset, partition) where pin.moved_at = head.moved_at",
      },
    }),
  ],
];

test.each(steps)("a rollback that is killed %s is finished at the next open, once", async (idempotencyKey, death) => {
  await registers.setLimits(3);
  await registers.run({ select: "limits", force: true });
  await registers.run({ select: "doubled" });
  const before = await auditOf(limits);
  await decideAndDie({ decision: "rollback", idempotencyKey, ...death() });
  await registers.reopen();
  expect(await registers.rows("limits")).toEqual(["least=1"]);
  expect((await registers.project.plan({ select: "limits" })).assets[0]?.skip[0]?.reason).toEqual({ kind: "pinned" });
  expect((await auditOf(limits)).slice(before.length)).toEqual(["order:given", "head:moved"]);
  const request = { ...ana, asset: limits, to: 1, cascade: "run", idempotencyKey } as const;
  const { run } = await registers.project.merges.rollback(request);
  expect(await registers.follow(run)).toMatchObject({ state: "succeeded" });
  expect(await registers.rows("doubled")).toEqual(["least=2"]);
  expect((await auditOf(limits)).slice(before.length)).toEqual(["order:given", "head:moved"]);
});

test("whoever was killed, everything that the doctor looks at holds in the end", async () => {
  await registers.project.examine();
  expect(await registers.project.doctor.findViolations({ isThorough: true })).toEqual([]);
});
