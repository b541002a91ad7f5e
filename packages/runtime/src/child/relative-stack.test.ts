import { expect, test } from "vitest";
import { relativeStack } from "./relative-stack.ts";

const root = "/home/ana/shop";

test("paths are relative to the project and have no version of a reloaded module", () => {
  const stack = [
    "Error: no",
    `    at load (file://${root}/lib/load.ts?v=3:4:9)`,
    `    at async orders (${root}/assets/orders.ts:10:3)`,
  ].join("\n");
  expect(relativeStack(stack, root)).toBe(
    ["Error: no", "    at load (lib/load.ts:4:9)", "    at async orders (assets/orders.ts:10:3)"].join("\n"),
  );
});

test("frames of Node and of Watersmeet are left out", () => {
  const stack = [
    "Error: no",
    `    at orders (file://${root}/assets/orders.ts:1:2)`,
    "    at node:internal/process/task_queues:103:5",
    "    at visitRows (file:///usr/lib/node_modules/@watersmeet/runtime/dist/child/visit-rows.js:2:1)",
    `    at visitRows (file://${root}/node_modules/@watersmeet/runtime/dist/child/visit-rows.js:2:1)`,
  ].join("\n");
  expect(relativeStack(stack, root)).toBe(["Error: no", "    at orders (assets/orders.ts:1:2)"].join("\n"));
});
