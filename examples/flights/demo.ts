import { spawnSync } from "node:child_process";

/** The main job, end to end, then where to look. */
const run = spawnSync("watersmeet", ["run", "*"], { stdio: "inherit" });
if (run.status === 0) {
  console.log(`
Three commands to try next:

  npx -y pnpm@12 flights show airportScorecard --limit 5     the rows that were built
  npx -y pnpm@12 flights lineage airportScorecard            what they were built from
  npx -y pnpm@12 flights dev                                 the graph, partitions and runs in a browser
`);
}
process.exitCode = run.status ?? 1;
