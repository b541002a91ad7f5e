import { openWatersmeet } from "../../src/app/open-watersmeet.ts";
import { lookAtConditions, lookAtSchedules } from "../../src/automation/evaluate/look.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { createDeps } from "./automated-shop.ts";

/*
 * One evaluator as a process: looks once at schedules, and at conditions until they rest. With a phase it kills itself there, as a host does that loses power.
 * Arguments: the project's root, the clock, and the phase or "none".
 */
const [directory = "", clock = "", phase = "none"] = process.argv.slice(2);
await using project = await openWatersmeet({ directory, env: process.env, logger: silentLogger });
await using ledger = await openLedger(process.env["DATABASE_URL"] ?? "", { schema: "require" });
const made = createDeps({ project, ledger, now: () => new Date(clock), env: process.env });
await using _children = made.children;
const deps = {
  ...made,
  async onPhase(reached: string) {
    if (reached === phase) process.kill(process.pid, "SIGKILL");
  },
};
await lookAtSchedules(deps);
while (!(await lookAtConditions(deps)));
