import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { compile } from "./tsc.ts";

const readFixture = (name: string) => readFile(new URL(`fixtures/${name}`, import.meta.url), "utf8");

const strictest = {
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noEmit: false,
  declaration: true,
  emitDeclarationOnly: true,
};

describe("uses that compile", () => {
  const settings = [
    ["the settings of a new project", {}],
    ["the strictest settings and declarations", strictest],
  ] as const;
  test.each(settings)("all of them, with %s", async (_name, options) => {
    const { diagnostics } = await compile({ "accepted.ts": await readFixture("accepted.ts") }, options);
    expect(diagnostics).toEqual([]);
  });

  test("the run can fail: a wrong use among them is found", async () => {
    const canary = 'export const canary = asset({ schema: Customer }, () => [{ id: "1", name: "a" }]);';
    const { diagnostics } = await compile({ "accepted.ts": `${await readFixture("accepted.ts")}\n${canary}` });
    expect(diagnostics).toHaveLength(1);
  });
});

interface Rejection {
  readonly line: number;
  readonly where: "last" | "in";
  readonly text: string;
}

/** Each case is on the line below its `@ts-expect-error`, which is below the text. */
function listRejections(source: string): readonly Rejection[] {
  const lines = source.split("\n");
  return lines.flatMap((line, index) => {
    const match = /^\/\/ (last|in): (.*)$/.exec(lines[index - 1] ?? "");
    if (line !== "// @ts-expect-error" || match === null) return [];
    return [{ line: index + 2, where: match[1] === "last" ? "last" : "in", text: match[2] ?? "" } as const];
  });
}

describe("uses that do not compile", async () => {
  const source = await readFixture("rejected.ts");
  const rejections = listRejections(source);
  const bare = source.replaceAll("// @ts-expect-error", "//");
  const { diagnostics } = await compile({ "rejected.ts": bare });

  test("are all found, and nothing else is", () => {
    expect(rejections.length).toBe(source.match(/^\/\/ @ts-expect-error/gm)?.length);
    expect([...new Set(diagnostics.map((diagnostic) => diagnostic.line))].toSorted((x, y) => x - y)).toEqual(
      rejections.map(({ line }) => line),
    );
  });

  test.each(rejections.map((rejection) => [rejection.line, rejection.where, rejection.text] as const))(
    "line %i says, %s: %s",
    (line, where, text) => {
      const texts = diagnostics
        .filter((diagnostic) => diagnostic.line === line)
        .map(({ lines }) => (where === "last" ? lines.at(-1) : lines.join("\n")));
      // tsc prints a string literal type with its quotes escaped.
      expect(texts.join("\n").replaceAll('\\"', '"')).toContain(text);
    },
  );
});
