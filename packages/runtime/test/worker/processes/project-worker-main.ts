import { openWatersmeet } from "../../../src/app/open-watersmeet.ts";
import { silentLogger } from "../../../src/observe/logger.ts";

/** `node project-worker-main.ts <root>`: a worker in a process of its own. SIGTERM stops it as `watersmeet worker` is stopped. */
const [directory = ""] = process.argv.slice(2);
const stop = new Promise<void>((resolve) => {
  process.once("SIGTERM", () => {
    // A second one ends the process at once.
    resolve();
  });
});
{
  await using project = await openWatersmeet({ directory, env: process.env, logger: silentLogger, startsWorker: true });
  await using _worker = await project.startWorker();
  process.stdout.write("ready\n");
  await stop;
}
process.stdout.write("stopped\n");
