import { describe, expect, test } from "vitest";
import { z } from "zod";
import { decimal } from "../../schema/decimal.ts";
import { readRowSchema } from "../../schema/read-row-schema.ts";
import { checkReducers } from "./check-reducers.ts";

const Point = z.object({ at: z.int(), name: z.string().optional() });

async function tryJoin<S extends z.ZodType>(
  type: S,
  join: (a: z.output<S>, b: z.output<S>) => unknown,
): Promise<string> {
  const schema = z.object({ id: z.string(), value: type });
  const columns = readRowSchema(schema).schema;
  if (columns === null) throw new TypeError("no columns");
  const problems = await checkReducers({ schema, columns, reducers: { value: join } });
  return problems.map(({ code, message }) => `${code} ${message}`).join("\n");
}

const byLength = (a: string, b: string) => (a.length > b.length || (a.length === b.length && a > b) ? a : b);

describe("functions that keep the laws are accepted", () => {
  test.each([
    ["the longer text", () => tryJoin(z.string(), byLength)],
    ["the longer of texts with a length", () => tryJoin(z.string().min(2).max(5), byLength)],
    ["the greater number", () => tryJoin(z.number(), Math.max)],
    ["the greater whole number in a range", () => tryJoin(z.int().min(3).max(9), Math.max)],
    ["the greatest common divisor", () => tryJoin(z.int().min(0).max(50), divisor)],
    ["the lesser bigint", () => tryJoin(z.bigint(), (a, b) => (a < b ? a : b))],
    ["the greater decimal", () => tryJoin(decimal(12, 2), (a, b) => (Number(a) > Number(b) ? a : b))],
    ["the later day", () => tryJoin(z.iso.date(), (a, b) => (a > b ? a : b))],
    ["either of two flags", () => tryJoin(z.boolean(), (a, b) => a || b)],
    ["the one that ranks first", () => tryJoin(z.enum(["low", "high"]), (a, b) => (a === "high" ? a : b))],
    ["the greater of texts of a pattern", () => tryJoin(z.string().regex(/^[0-9]{20}-x$/), byLength)],
    ["the greater of what a transformation makes", () => tryJoin(z.string().transform(Number).pipe(z.int()), Math.max)],
    ["the later point, by all its parts", () => tryJoin(Point, (a, b) => (textOf(a) > textOf(b) ? a : b))],
    ["what may be null, which is not joined", () => tryJoin(z.number().nullable(), (a, b) => Math.max(a ?? 0, b ?? 0))],
  ])("%s", async (_name, run) => {
    expect(await run()).toBe("");
  });
});

describe("functions that break one are refused, with the values that show it", () => {
  test.each([
    ["adding up", () => tryJoin(z.int(), (a, b) => a + b), "is not idempotent: join("],
    ["joining texts", () => tryJoin(z.string(), (a, b) => a + b), 'is not idempotent: join("'],
    [
      "the one that came last",
      () => tryJoin(z.int(), (_, b) => b),
      "is not commutative: join(0, 1) gives 1, and join(1, 0) gives 0",
    ],
    ["filling gaps", () => tryJoin(Point, (a, b) => ({ ...a, ...b })), "is not commutative"],
    [
      "the longer text, whichever of equal ones",
      () => tryJoin(z.string(), (a, b) => (a.length >= b.length ? a : b)),
      "is not commutative",
    ],
    ["times within a distance", () => tryJoin(Point, withinDistance), "is not associative"],
    ["the mean", () => tryJoin(z.int(), (a, b) => Math.floor((a + b) / 2)), "is not associative"],
    [
      "a union of arrays that may not be sets",
      () => tryJoin(z.array(z.string()), (a, b) => [...new Set([...a, ...b])].toSorted()),
      "is not idempotent",
    ],
    ["chance", () => tryJoin(z.int(), alternate()), "is not pure"],
    ["nothing", () => tryJoin(z.int(), () => null), "gives what its column cannot hold: join(0, 0) gives null"],
    [
      "what the column's own checks refuse",
      () => tryJoin(z.int().max(9), (a, b) => Math.max(a, b) + 10),
      "gives what its column cannot hold",
    ],
    [
      "another type",
      () => tryJoin(z.int(), (a, b) => `${a}${b}`),
      'gives what its column cannot hold: join(0, 0) gives "00"',
    ],
    [
      "changing what it is given",
      () => tryJoin(Point, (a, b) => Object.assign(a, { at: Math.max(a.at, b.at) })),
      "throws",
    ],
  ])("%s", async (_name, run, message) => {
    expect(await run()).toContain(`MERGE_POLICY_INVALID the function of the column "value" ${message}`);
  });
});

test("a column whose values cannot be found is told, not passed over", async () => {
  expect(
    await tryJoin(
      z.string().refine((text) => text.length === 97),
      byLength,
    ),
  ).toContain("cannot be tried");
});

test("every function is tried, and columns without one are not", async () => {
  const schema = z.object({ id: z.string(), b: z.int(), a: z.int(), c: z.int() });
  const columns = readRowSchema(schema).schema ?? { columns: [] };
  const add = (a: number, b: number) => a + b;
  const problems = await checkReducers({ schema, columns, reducers: { b: add, a: add, c: Math.max } });
  expect(problems.map(({ message }) => message.slice(0, 30))).toEqual([
    'the function of the column "a"',
    'the function of the column "b"',
  ]);
});

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

function withinDistance(a: z.output<typeof Point>, b: z.output<typeof Point>) {
  const [first, second] = textOf(a) < textOf(b) ? [a, b] : [b, a];
  const isNear = Math.abs(a.at - b.at) < 5;
  return isNear ? ((first.name ?? "") >= (second.name ?? "") ? first : second) : first.at > second.at ? first : second;
}

function alternate(): (a: number, b: number) => number {
  let turn = 0;
  return (a, b) => {
    turn += 1;
    return turn % 2 === 0 ? a : b;
  };
}

function textOf(value: z.output<typeof Point>): string {
  return `${String(value.at + 2 ** 52).padStart(20, "0")} ${value.name ?? ""} ${"name" in value}`;
}
