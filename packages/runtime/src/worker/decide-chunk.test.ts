import { expect, test } from "vitest";
import { decideChunk } from "./decide-chunk.ts";

test("steps of a second are claimed one by one, as slots become free", () => {
  expect(decideChunk({ concurrency: 4, held: 4, meanMs: 1000 })).toMatchObject({
    limit: 0,
    isWorthwhile: false,
    areShort: false,
  });
  expect(decideChunk({ concurrency: 4, held: 3, meanMs: 1000 })).toMatchObject({ limit: 1, isWorthwhile: true });
});

test("steps of microseconds are claimed by the hundred, and not in crumbs", () => {
  const many = decideChunk({ concurrency: 4, held: 0, meanMs: 0.02 });
  expect(many.limit).toBeGreaterThan(300);
  expect(many.areShort).toBe(true);
  expect(decideChunk({ concurrency: 4, held: many.limit - 5, meanMs: 0.02 }).isWorthwhile).toBe(false);
});

test("before anything is known only free slots are filled", () => {
  expect(decideChunk({ concurrency: 4, held: 1, meanMs: null })).toMatchObject({
    limit: 3,
    isWorthwhile: true,
    areShort: false,
  });
});
