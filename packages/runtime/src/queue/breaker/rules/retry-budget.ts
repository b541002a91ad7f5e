import type { RetryBudget } from "../../../config/failure-terms.ts";

/** Whether one more failure may be tried again. */
export function isWithinBudget(
  used: { readonly attempts: number; readonly retries: number },
  { share, least }: RetryBudget,
): boolean {
  return used.retries < Math.max(least, Math.floor(share * used.attempts));
}
