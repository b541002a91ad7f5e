import fc from "fast-check";
import { expect, test } from "vitest";

test.skipIf(process.env["FAST_CHECK_SEED"] !== undefined)(
  "properties are tried with the same cases in each run",
  () => {
    expect(fc.readConfigureGlobal()).toEqual({ seed: 1 });
  },
);
