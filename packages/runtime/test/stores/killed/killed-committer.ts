import pg from "pg";
import { openStore } from "../../../src/stores/open-store.ts";
import { createScratch } from "../stored-rows.ts";
import { commitEach, prepareSecond, publishFirst } from "./every-form.ts";

/*
 * A process that commits to a store in Postgres and kills itself while it does: `node killed-committer.ts <url> <folder> <name> <when>`. `when` is a boundary of
 * the commit, `staged` when all is staged and nothing is committed, or `folding` when a merge has sealed what came and not yet staged what it makes of it.
 */
const [url = "", folder = "", name = "", when = ""] = process.argv.slice(2);

let isArmed = false;
const reach = (what: string) => {
  if (isArmed && what === when) process.kill(process.pid, "SIGKILL");
};
const query = pg.Client.prototype.query;
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
  const answer: unknown = Reflect.apply(query, this, args);
  // The server has the statement, and nobody is there to hear of its end.
  if (typeof args[0] === "string" && /^create unlogged table \S+[$]keys/.test(args[0])) reach("folding");
  return answer;
} as typeof query;

const store = await openStore({
  name: "default",
  config: { kind: "postgres", url, schema: "public" },
  root: folder,
  stateDirectory: folder,
  onPhase: reach,
});
const world = { store, scratch: await createScratch(), name };
await publishFirst(world);
isArmed = true;
const requests = await prepareSecond(world);
reach("staged");
await commitEach(store, requests);
throw new Error(`${when} was not reached`);
