import { afterAll, beforeAll, expect, test } from "vitest";
import { createFixtureProject, type FixtureProject } from "../support/fixture-project.ts";
import { runCli, startCli } from "../support/run-cli.ts";

let project: FixtureProject;

beforeAll(async () => {
  project = await createFixtureProject("shop");
});

afterAll(() => project[Symbol.asyncDispose]());

test("Ctrl-C cancels the run, keeps what is finished, and the same command goes on from there", async () => {
  const options = { cwd: project.directory, env: project.env };
  await using cli = startCli(["run", "slow", "--max-parallel", "2"], options);
  await cli.waitForStderr(/\b[1-9]\d* of 40 steps/);
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
  const rest = await runCli(["run", "slow"], options);
  expect(rest.exitCode, rest.stderr).toBe(0);
  expect(rest.stderr).toContain(`: ${40 - built} steps`);
});

test("a second Ctrl-C ends the command at once", async () => {
  await using cli = startCli(["run", "slow", "--force", "--max-parallel", "1"], {
    cwd: project.directory,
    env: project.env,
  });
  await cli.waitForStderr(/Run \S+: 40 steps/);
  cli.kill("SIGINT");
  await cli.waitForStderr(/Cancelling/);
  cli.kill("SIGINT");
  const before = performance.now();
  expect((await cli.finished).exitCode).toBe(130);
  expect(performance.now() - before).toBeLessThan(2000);
});

test("a worker ends with 0 when it is told to", async () => {
  await using worker = startCli(["worker"], { cwd: project.directory, env: project.env });
  await worker.waitForStderr(/Worker \d+ of/);
  worker.kill("SIGTERM");
  expect(await worker.finished).toMatchObject({ exitCode: 0 });
});
