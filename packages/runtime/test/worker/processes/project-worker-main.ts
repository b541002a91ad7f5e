import { openWatersmeet } from "../../../src/app/open-watersmeet.ts";
import { silentLogger } from "../../../src/observe/logger.ts";

/** `node project-worker-main.ts <root>`: a worker in a process of its own. SIGTERM stops it, and a second one ends it, as with `watersmeet worker`. */
const [directory = ""] = process.argv.slice(2);
// Nobody is left to stop it when its parent is gone.
process.stdin.on("end", () => process.exit()).resume();
const stop = Promise.withResolvers<void>();
process.once("SIGTERM", () => {
  process.stdout.write("stopping\n");
  stop.resolve();
});
{
  await using project = await openWatersmeet({ directory, env: process.env, logger: silentLogger, startsWorker: true });
  await using _worker = await project.startWorker();
  process.stdout.write("ready\n");
  await stop.promise;
}
process.stdout.write("stopped\n");
process.stdin.destroy();
