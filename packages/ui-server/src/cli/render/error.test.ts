import { WatersmeetError } from "@watersmeet/core/errors";
import { expect, test } from "vitest";
import { describeError, renderError } from "./error.ts";
import { plainStyle } from "./style.ts";

test("an error of ours says its code, what happened and what to do, and decides the exit code", () => {
  const error = new WatersmeetError("ASSET_UNKNOWN", 'There is no asset "ordrs"', { hint: "Did you mean orders?" });
  expect(renderError(error, { style: plainStyle, withStack: false })).toBe(
    'ASSET_UNKNOWN: There is no asset "ordrs"\n  hint: Did you mean orders?',
  );
  expect(describeError(error).exitCode).toBe(2);
});

test("an error that nobody foresaw is a defect, and says how to see more", () => {
  const error = new TypeError("x is not a function");
  expect(renderError(error, { style: plainStyle, withStack: false })).toContain("WATERSMEET_DEBUG=1");
  expect(renderError(error, { style: plainStyle, withStack: true })).toContain("error.test.ts");
  expect(describeError(error)).toMatchObject({ exitCode: 1, body: { code: "INTERNAL" } });
});
