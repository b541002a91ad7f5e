import { once } from "node:events";
import { openWatersmeet } from "../../src/app/open-watersmeet.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { airports, key } from "./registers-project.ts";

/*
 * Somebody who decides, in a process of its own: `node deciding-child.ts <project> <ledger> revoke|rollback <key>`. Says `ready`, waits for a word, and decides. Whoever
 * started it kills it on the way.
 */
const [directory = "", ledgerUrl = "", decision = "", idempotencyKey = ""] = process.argv.slice(2);
const project = await openWatersmeet({
  directory,
  env: { ...process.env, DATABASE_URL: ledgerUrl },
  logger: silentLogger,
});
// Opens the store, which is not to be done behind the lock that this will wait for.
await project.readRows(key("limits"), { limit: 1 });
process.stdout.write("ready\n");
await once(process.stdin, "data");
const ana = { by: "ana", reason: "killed", idempotencyKey };
const everything = { kind: "source", branch: "airline", from: null, to: null } as const;
if (decision === "revoke") await project.merges.revoke({ ...ana, asset: airports, what: everything });
else await project.merges.rollback({ ...ana, asset: key("limits"), to: 1, cascade: "run" });
process.stdout.write("done\n");
