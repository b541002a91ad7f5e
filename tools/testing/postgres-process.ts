// The binaries alone: the package's own code brings an exit hook with which a run of failing tests ends with exit code 0.
import { openEmbeddedPostgres } from "../../packages/runtime/src/ledger/embedded/embedded-postgres.ts";

/** Runs a PostgreSQL server in the folder that is named, tells its parent the URL, and stops the server when the parent lets go or dies. */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("name the folder of the server");
const server = await openEmbeddedPostgres(folder);
process.send?.(server.url);
process.once("disconnect", () => void server[Symbol.asyncDispose]());
