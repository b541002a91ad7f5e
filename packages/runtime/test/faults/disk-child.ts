import { openStore } from "../../src/stores/open-store.ts";
import { asset, createScratch, orders, publish, read } from "../stores/stored-rows.ts";

/*
 * `node disk-child.ts <deed> <path>`: a process that works with a DuckDB file and prints one line of JSON. It is a process of its own because it may be
 * another user, have another time zone, or be taken down by what it reads.
 */
const [deed = "", path = ""] = process.argv.slice(2);
const parts = asset("parts", true);

async function open() {
  return openStore({
    name: "default",
    config: { kind: "duckdb", path, memoryLimit: "128MB", threads: 1 },
    root: "/",
    stateDirectory: process.env["TMPDIR"] ?? "/tmp",
  });
}

async function run(): Promise<object> {
  await using store = await open();
  await using scratch = await createScratch();
  if (deed === "read") {
    const [head] = await store.listHeads("prod", parts.key);
    const rows = head === undefined ? [] : await read(store, parts, [head]);
    return {
      rows: rows.length,
      sum: rows.reduce((sum, row) => sum + Number(row["id"]) * 31 + String(row["name"]).length, 0),
    };
  }
  const commit = await publish(store, scratch, { asset: parts, partition: "a", rows: orders(20_000) });
  if (deed === "die") process.kill(process.pid, "SIGKILL");
  return { version: commit.version };
}

try {
  process.stdout.write(`${JSON.stringify(await run())}\n`);
} catch (error) {
  const code = error instanceof Error && "code" in error ? String(error.code) : "none";
  const message = error instanceof Error ? error.message : String(error);
  process.stdout.write(`${JSON.stringify({ code, message })}\n`);
}
