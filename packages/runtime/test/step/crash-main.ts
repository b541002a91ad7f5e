import { existsSync } from "node:fs";
import { join } from "node:path";
import { ShopRunner } from "./shop-runner.ts";

/*
 * A worker that kills itself: `node crash-main.ts <root> <state directory> <phase> <asset> [partition]` runs one step and dies without
 * a word when the step has reached the phase; with `busy`, while its function runs.
 */
const [root = "", stateDirectory = "", phase = "", asset = "", partition = ""] = process.argv.slice(2);

const shop = await ShopRunner.open({
  project: { root, stateDirectory, [Symbol.asyncDispose]: () => Promise.resolve() },
  onPhase: die,
  onStorePhase: (reached) => die(`store:${reached}`),
});
await shop.adopt("shelf", "counts");
if (phase === "busy") {
  setInterval(() => {
    if (existsSync(join(root, "blocked"))) process.kill(process.pid, "SIGKILL");
  }, 20);
}
await shop.make(asset, { partition });

function die(reached: string): void {
  if (reached === phase) process.kill(process.pid, "SIGKILL");
}
