import { openEmbeddedPostgres } from "../../src/ledger/embedded/embedded-postgres.ts";

/** Opens the embedded database in a process of its own, says where it is, and closes it when its input ends. */
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: embedded-main.ts <directory>");
try {
  const server = await openEmbeddedPostgres(directory);
  const { url, postmasterPid, isStarted, dataDirectory } = server;
  process.stdout.write(`${JSON.stringify({ url, postmasterPid, isStarted, dataDirectory })}\n`);
  process.stdin.resume();
  process.stdin.once("end", () => void server[Symbol.asyncDispose]());
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
  process.exitCode = 1;
}
