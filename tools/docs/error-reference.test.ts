import { expect, test } from "vitest";
import { readErrorReference, renderErrorReference } from "./error-reference.ts";

test("docs/reference/errors.md lists every error code as the table has it", () => {
  expect(readErrorReference()).toBe(renderErrorReference());
});
