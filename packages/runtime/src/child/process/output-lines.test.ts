import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { endMark, OutputLines } from "./output-lines.ts";

function capture(): { readonly stream: PassThrough; readonly output: OutputLines; readonly lines: string[] } {
  const stream = new PassThrough();
  const lines: string[] = [];
  const output = new OutputLines(stream);
  output.direct((text) => lines.push(text));
  return { stream, output, lines };
}

test("lines come whole, however the bytes are cut", async () => {
  const { stream, output, lines } = capture();
  for (const piece of ["on", "e\ntw", "o\n", "three"]) stream.write(piece);
  await delay(1);
  expect(lines).toEqual(["one", "two"]);
  output.flush();
  expect(lines).toEqual(["one", "two", "three"]);
});

test("a flood is counted, not kept", async () => {
  const { stream, output, lines } = capture();
  stream.write("x\n".repeat(20_000));
  await delay(1);
  output.flush();
  expect(lines.length).toBeLessThan(700);
  expect(lines.at(-1)).toMatch(/^… 19\d{3} more lines were printed and left out$/);
});

test("a line that never ends does not grow in memory", async () => {
  const { stream, output, lines } = capture();
  for (let index = 0; index < 50; index += 1) stream.write("y".repeat(1_000));
  await delay(1);
  output.flush();
  expect(lines.join("").length).toBeLessThan(5_000);
});

test("the end of a piece of work is told by its mark, which is no line", async () => {
  const { stream, output, lines } = capture();
  const ended = output.ended(7);
  stream.write(`last\n\n${endMark}7\n`);
  await ended;
  expect(lines).toEqual(["last"]);
});
