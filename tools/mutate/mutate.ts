import { startPostgres } from "../testing/start-postgres.ts";
import { mutations, type Mutation } from "./mutations.ts";
import { copyRepository, type RepositoryCopy } from "./repository-copy.ts";
import { runTests, type TestRun } from "./run-tests.ts";

/**
 * Plants each bug of the list, one after the other, in a copy of the repository, and runs the tests that must notice it: `pnpm mutate [number …]`; 5 means 5a and 5b, too.
 * Prints a line for each, and at the end a table. Exit code 1 when a bug lived, or when its tests fail without it as well.
 */
interface Verdict {
  readonly mutation: Mutation;
  readonly kind: "caught" | "lived" | "broken";
  /** Title of the test that noticed it, or what is wrong. */
  readonly by: string;
  readonly seconds: number;
}

const chosen = choose(process.argv.slice(2));
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
const verdicts = await judgeAll();
process.stdout.write(`\n${renderTable(verdicts)}\n`);
const caught = verdicts.filter(({ kind }) => kind === "caught").length;
process.stdout.write(`${caught} of ${chosen.length} bugs were caught\n`);
process.exitCode = stop.signal.aborted ? 130 : caught === chosen.length ? 0 : 1;

function choose(wanted: readonly string[]): readonly Mutation[] {
  const isWanted = ({ id }: Mutation) => wanted.some((name) => name === id || name === String(Number.parseInt(id)));
  const found = mutations.filter((mutation) => wanted.length === 0 || isWanted(mutation));
  if (found.length === 0) throw new Error(`there is no bug ${wanted.join(", ")}`);
  return found;
}

async function judgeAll(): Promise<readonly Verdict[]> {
  const made: Verdict[] = [];
  await using copy = await copyRepository();
  const server = await startPostgres();
  try {
    const judge = createJudge(copy, server.url);
    for (const mutation of chosen) {
      const verdict = await judge(mutation);
      if (stop.signal.aborted) break;
      made.push(verdict);
      process.stdout.write(`${renderLine(verdict)}\n`);
    }
  } finally {
    await server.stop();
  }
  return made;
}

function createJudge(copy: RepositoryCopy, databaseUrl: string): (mutation: Mutation) => Promise<Verdict> {
  const run = (tests: readonly string[]) => runTests(copy.path, tests, { databaseUrl, signal: stop.signal });
  /** By test paths: what comes of them without any bug. */
  const sound = new Map<string, Promise<TestRun>>();
  return async (mutation) => {
    const { tests } = mutation;
    const startedAt = performance.now();
    const planted = await copy.whileReplaced(mutation, () => run(tests));
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    if (planted.kind === "green") return { mutation, kind: "lived", by: "nothing", seconds };
    if (planted.kind === "broken") return { mutation, kind: "broken", by: planted.why, seconds };
    // A red run counts only when the same tests are green without the bug.
    const key = tests.join(" ");
    const without = sound.get(key) ?? run(tests);
    sound.set(key, without);
    const { kind } = await without;
    if (kind === "green") return { mutation, kind: "caught", by: planted.title, seconds };
    return { mutation, kind: "broken", by: `${key} is ${kind} without the bug`, seconds };
  };
}

function renderLine({ mutation, kind, by, seconds }: Verdict): string {
  return `${mutation.id.padStart(3)}  ${kind.padEnd(6)} ${String(seconds).padStart(4)} s  ${mutation.title} (${by})`;
}

function renderTable(all: readonly Verdict[]): string {
  const rows = all.map(
    ({ mutation, kind, by, seconds }) => `| ${mutation.id} | ${mutation.title} | ${kind} | ${by} | ${seconds} s |`,
  );
  return ["| bug | what is wrong | | noticed by | |", "|---|---|---|---|---|", ...rows, ""].join("\n");
}
