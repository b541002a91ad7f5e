import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultRetryBudget as budget } from "../../../config/failure-terms.ts";
import { isWithinBudget } from "./retry-budget.ts";

test("retries stay within their share of the attempts, and a few are always allowed", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 400 }), (outcomes) => {
      const used = { attempts: 0, retries: 0 };
      for (const isFailure of outcomes) {
        used.attempts += 1;
        if (isFailure && isWithinBudget(used, budget)) used.retries += 1;
      }
      expect(used.retries).toBeLessThanOrEqual(Math.max(budget.least, budget.share * used.attempts));
    }),
  );
  expect(isWithinBudget({ attempts: 1, retries: 0 }, budget)).toBe(true);
  expect(isWithinBudget({ attempts: 40, retries: 10 }, budget)).toBe(false);
  expect(isWithinBudget({ attempts: 55, retries: 10 }, budget)).toBe(true);
  expect(isWithinBudget({ attempts: 1_000, retries: 0 }, { share: 0, least: 0 })).toBe(false);
});
