import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { copyExample, type ExampleCopy, type RunningCommand } from "../testing/example-copy.ts";
import { matchesLoosely } from "./match-loosely.ts";
import { parseTutorial, withOutputs, type TutorialMove } from "./tutorial-page.ts";

const root = resolve(import.meta.dirname, "../..");

/** Pages that are played, the example that each is played in, and what of the example the reader is to write. */
const pages = [
  { page: "first-project", example: "quickstart", written: ["assets", "watersmeet.config.ts"] },
  { page: "registries", example: "registries", written: [] },
] as const;

test.each(pages)(
  "the commands of the page $page print what it shows",
  { timeout: 900_000 },
  async ({ page, example, written }) => {
    const path = join(root, `docs/tutorial/${page}.md`);
    const text = await readFile(path, "utf8");
    await using project = await copyExample(example);
    for (const file of written) await rm(join(project.directory, file), { recursive: true });
    const outputs = await play(project, parseTutorial(text));
    // `vitest run -u` renews the outputs that no longer match.
    await expect(withOutputs(text, outputs)).toMatchFileSnapshot(path);
    expect(await checkTypes(project.directory)).toEqual({ status: 0, stdout: "" });
  },
);

test("an output matches when only times, order and addresses differ", () => {
  expect(matchesLoosely("a  1\nb  2\n\n2 rows, 1.5 s", "b 2\na 1\n2 rows, 31 ms")).toBe(true);
  expect(matchesLoosely("a  1\nb  2", "a  1\nb  3")).toBe(false);
  expect(matchesLoosely(`{ "a": [{ "b": 1 }] }`, `{"a":[{"b":1,"c":2}],"d":3}`)).toBe(true);
  expect(matchesLoosely(`{ "a": [{ "b": 1 }] }`, `{"a":[{"b":1},{"b":2}]}`)).toBe(false);
});

/** Answers, for each command, the output that the page shows when it still holds, else the one of now. */
async function play(project: ExampleCopy, moves: readonly TutorialMove[]): Promise<readonly string[]> {
  const outputs: string[] = [];
  const terminal = openTerminal(project);
  try {
    for (const move of moves) {
      if (move.kind === "command") {
        const actual = (await terminal.type(move.command)).trimEnd();
        outputs.push(matchesLoosely(move.output, actual) ? move.output : actual);
      } else if (move.kind === "write") {
        const file = join(project.directory, move.file);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, move.text);
      } else {
        await project.edit(move.file, (text) => text.replace(move.before, move.after));
      }
    }
  } finally {
    await terminal.close();
  }
  return outputs;
}

/** Knows the kinds of command that a tutorial has. `dev` goes on running, and its address is that of the page's requests. */
function openTerminal(project: ExampleCopy) {
  const servers: RunningCommand[] = [];
  return {
    async type(command: string): Promise<string> {
      const [program, ...args] = splitWords(command);
      if (program === "cp") return copyFiles(project.directory, args);
      if (program === "curl") return fetchText(args.at(-1) ?? "", servers.at(-1)?.output() ?? "");
      if (program !== "watersmeet") throw new Error(`a tutorial cannot play: ${command}`);
      if (args[0] !== "dev") {
        const { stdout, stderr } = await project.watersmeet(...args);
        return stdout === "" ? stderr : stdout;
      }
      const server = project.start(args);
      servers.push(server);
      await expect.poll(() => server.output()).toContain("Ctrl-C ends");
      return server.output();
    },
    async close() {
      for (const server of servers) server.kill("SIGINT");
      await Promise.all(servers.map((server) => server.finished));
    },
  };
}

/** `cp file … folder/` */
async function copyFiles(directory: string, args: readonly string[]): Promise<string> {
  const folder = args.at(-1) ?? "";
  for (const file of args.slice(0, -1)) await cp(join(directory, file), join(directory, folder, basename(file)));
  return "";
}

async function fetchText(url: string, devOutput: string): Promise<string> {
  const [address = ""] = /127[.]0[.]0[.]1:\d+/.exec(devOutput) ?? [];
  const answer = await fetch(url.replace("127.0.0.1:4321", address));
  return answer.text();
}

/** As a shell does, for words and words in single quotes. */
function splitWords(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** What the compiler says of the project, which is nothing. */
async function checkTypes(directory: string): Promise<{ readonly status: number | null; readonly stdout: string }> {
  const options = {
    extends: join(root, "tsconfig.test.json"),
    compilerOptions: { rootDir: "/", incremental: false, typeRoots: [join(root, "node_modules/@types")] },
    include: ["assets", "watersmeet.config.ts"],
  };
  const config = join(directory, "tsconfig.json");
  await writeFile(config, JSON.stringify(options));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", config], { encoding: "utf8" });
  return { status, stdout };
}
