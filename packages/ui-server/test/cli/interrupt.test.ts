import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFixtureProject, type FixtureProject } from "../support/fixture-project.ts";
import { runCli, startCli } from "../support/run-cli.ts";

let project: FixtureProject;
let hold: string;

beforeAll(async () => {
  project = await createFixtureProject("shop");
  hold = join(project.directory, "hold");
});

afterAll(() => project[Symbol.asyncDispose]());

async function countSucceeded(): Promise<number | undefined> {
  const client = new pg.Client({ connectionString: project.env["DATABASE_URL"] });
  await client.connect();
  try {
    const { rows } = await client.query("select from watersmeet.step where state = 'succeeded'");
    return rows.length;
  } catch {
    // There is no ledger yet.
    return 0;
  } finally {
    await client.end();
  }
}

test("Ctrl-C cancels the run, keeps what is finished, and the same command goes on from there", async () => {
  const options = { cwd: project.directory, env: project.env };
  await writeFile(hold, "");
  await using cli = startCli(["run", "slow", "--max-parallel", "2"], options);
  await expect.poll(countSucceeded).toBe(1);
  // A terminal sends it to every process of the group: children and all.
  cli.killGroup("SIGINT");
  const stopped = await cli.finished;
  expect(stopped.exitCode, stopped.stderr).toBe(130);
  expect(stopped.stderr).toContain("Cancelling");
  expect(stopped.stdout).toMatch(/^Cancelled: /m);
  expect(stopped.stdout).toContain("Finished steps are kept. To go on: watersmeet run slow");
  const built = Number(/(\d+) built/.exec(stopped.stdout)?.[1]);
  expect(built).toBeGreaterThan(0);
  expect(built).toBeLessThan(40);
  await rm(hold);
  const rest = await runCli(["run", "slow"], options);
  expect(rest.exitCode, rest.stderr).toBe(0);
  expect(rest.stderr).toContain(`: ${40 - built} steps`);
});

test("a second Ctrl-C ends the command at once", async () => {
  await writeFile(hold, "");
  await using cli = startCli(["run", "slow", "--force", "--max-parallel", "1"], {
    cwd: project.directory,
    env: project.env,
  });
  await cli.waitForStderr(/Run \S+: 40 steps/);
  // Nobody can cancel a run while somebody else holds the runs: a command that waited for that would never end.
  const client = new pg.Client({ connectionString: project.env["DATABASE_URL"] });
  await client.connect();
  await client.query("begin");
  await client.query("lock table watersmeet.run in exclusive mode");
  cli.kill("SIGINT");
  await cli.waitForStderr(/Cancelling/);
  cli.kill("SIGINT");
  const ended = await cli.finished;
  expect(ended.exitCode).toBe(130);
  expect(ended.stdout).not.toMatch(/^Cancelled/m);
  await client.end();
});

test("a worker ends with 0 when it is told to", async () => {
  await using worker = startCli(["worker"], { cwd: project.directory, env: project.env });
  await worker.waitForStderr(/Worker \d+ of/);
  worker.kill("SIGTERM");
  expect(await worker.finished).toMatchObject({ exitCode: 0 });
});
