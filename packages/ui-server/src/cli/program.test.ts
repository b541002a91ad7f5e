import { expect, test } from "vitest";
import { commandTable, pickEntries } from "./command-table.ts";
import { buildProgram, type Invocation } from "./program.ts";

const commands = await Promise.all(commandTable.map((entry) => entry.load()));

function parse(argv: readonly string[]): { out: string; err: string; invocation: Invocation | undefined } {
  const result = { out: "", err: "", invocation: undefined as Invocation | undefined };
  const program = buildProgram({
    commands,
    version: "1.2.3",
    columns: 100,
    writeOut: (text) => (result.out += text),
    writeErr: (text) => (result.err += text),
    onInvoke: (invocation) => (result.invocation = invocation),
  });
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof Error && "exitCode" in error)) throw error;
  }
  return result;
}

test("the help names every command and how to begin", async () => {
  await expect(parse(["--help"]).out).toMatchFileSnapshot("golden/help.txt");
});

test.each(commands.map(({ definition }) => definition.name))("the help of %s is as agreed", async (name) => {
  const { out } = parse([...name.split(" "), "--help"]);
  await expect(out).toMatchFileSnapshot(`golden/help-${name.replaceAll(" ", "-")}.txt`);
});

test("every command has an example of its own", () => {
  for (const { definition } of commands) {
    expect(definition.examples.length, definition.name).toBeGreaterThan(0);
    for (const example of definition.examples) expect(example).toContain("watersmeet ");
  }
});

test("a definition's name is the name that it is found by", () => {
  expect(commands.map(({ definition }) => definition.name)).toEqual(commandTable.map(({ name }) => name));
});

test("options of every command go before or after its name", () => {
  const before = parse(["-C", "/p", "--json", "run", "*"]).invocation;
  const after = parse(["run", "*", "--json", "-C", "/p"]).invocation;
  expect(after?.globals).toEqual(before?.globals);
  expect(before?.globals).toMatchObject({ project: "/p", json: true });
});

test("what stands behind a command is the command's, even a word that is also the program's", () => {
  expect(parse(["cut", "airports", "--version", "2"]).invocation?.input).toEqual({ merge: "airports", version: "2" });
  expect(parse(["--version"]).out).toBe("1.2.3\n");
});

test("an option that may be given several times arrives as a list, and so do arguments that take all that follow", () => {
  expect(parse(["explain", "airports", "-k", "a=1", "--key", "b=2"]).invocation?.input).toEqual({
    merge: "airports",
    key: ["a=1", "b=2"],
  });
  expect(parse(["revoke", "airports", "b1", "b2", "--reason", "x", "--no-wait"]).invocation?.input).toEqual({
    merge: "airports",
    batch: ["b1", "b2"],
    reason: "x",
    wait: false,
  });
});

test("arguments and options arrive by name", () => {
  const { invocation } = parse([
    "run",
    "+a",
    "--partitions",
    "2001-01-01..2001-01-02",
    "--max-parallel",
    "3",
    "--force",
  ]);
  expect(invocation?.command.definition.name).toBe("run");
  expect(invocation?.input).toEqual({
    select: "+a",
    partitions: "2001-01-01..2001-01-02",
    maxParallel: "3",
    force: true,
  });
});

test("a backfill is made by its selection, and its actions are commands of their own", () => {
  expect(parse(["backfill", "orders", "-p", "a..b"]).invocation?.command.definition.name).toBe("backfill");
  expect(parse(["backfill", "list"]).invocation?.command.definition.name).toBe("backfill list");
});

test("a mistyped command is answered with the one that was meant", () => {
  const { err, invocation } = parse(["asets"]);
  expect(invocation).toBeUndefined();
  expect(err).toContain("USAGE_INVALID: unknown command 'asets'");
  expect(err).toContain("Did you mean assets?");
});

test("only the commands that a line names are loaded", () => {
  expect(pickEntries(["runs", "list", "--json"]).map(({ name }) => name)).toEqual([
    "runs list",
    "runs show",
    "runs cancel",
    "runs retry",
    "runs on-deploy",
  ]);
  expect(pickEntries(["--help"])).toHaveLength(commandTable.length);
});
