import { openWatersmeet } from "../../../src/app/open-watersmeet.ts";
import { silentLogger } from "../../../src/observe/logger.ts";

/** `node rivers-worker.ts <root>`: a worker in a process of its own, until it is killed. It says when it works. */
const [directory = ""] = process.argv.slice(2);
const project = await openWatersmeet({ directory, env: process.env, logger: silentLogger, startsWorker: true });
await project.startWorker();
process.stdout.write("ready\n");
