import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { buildReference } from "./build-reference.ts";

const reference = await buildReference();

test.each([...reference])(
  "%s is what the code says; `node packages/ui-server/scripts/generate-reference.ts` renews it",
  async (path, text) => {
    expect(await readFile(new URL(`../../../../../${path}`, import.meta.url), "utf8")).toBe(text);
  },
);
