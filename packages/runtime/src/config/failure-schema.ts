import { z } from "zod";
import { defaultBreakerSettings, defaultRetryBudget, defaultRetryLimits, type BreakerProbe } from "./failure-terms.ts";

const count = z.number().int().min(1);
const spanMs = count.max(86_400_000);
const share = z.number().min(0).max(1);

const breakerSchema = z
  .strictObject({
    windowMs: spanMs.default(defaultBreakerSettings.windowMs),
    minCalls: count.default(defaultBreakerSettings.minCalls),
    failedShare: share.default(defaultBreakerSettings.failedShare),
    slowShare: share.default(defaultBreakerSettings.slowShare),
    unreachableInARow: count.default(defaultBreakerSettings.unreachableInARow),
    openMs: spanMs.default(defaultBreakerSettings.openMs),
    maxOpenMs: spanMs.default(defaultBreakerSettings.maxOpenMs),
    probes: count.max(100).default(defaultBreakerSettings.probes),
    probe: z.custom<BreakerProbe>((value) => typeof value === "function", "must be a function").optional(),
  })
  .refine(({ openMs, maxOpenMs }) => openMs <= maxOpenMs, {
    path: ["maxOpenMs"],
    message: "must not be less than openMs",
  })
  // Functions are found again in the process that calls them.
  .transform(({ probe, ...settings }) => ({ ...settings, hasProbe: probe !== undefined }));

const budgetSchema = z.strictObject({
  share: share.default(defaultRetryBudget.share),
  least: z.number().int().min(0).default(defaultRetryBudget.least),
});

/** Members of a resource. `false` turns one off; what is left out has its default. */
export const breakerTerms = {
  breaker: z.union([z.literal(false).transform(() => null), breakerSchema]).default(defaultBreakerSettings),
  retryBudget: z.union([z.literal(false).transform(() => null), budgetSchema]).default(defaultRetryBudget),
};

/** Attempts in all, by the cause of a failure. */
export const retryLimits = z
  .strictObject({
    unreachable: count.optional(),
    timedOut: count.optional(),
    unavailable: count.optional(),
    throttled: count.default(defaultRetryLimits.throttled),
    exhausted: count.optional(),
    conflict: count.default(defaultRetryLimits.conflict),
    starved: count.optional(),
    cancelled: count.optional(),
    unknown: count.optional(),
  })
  .prefault({});
