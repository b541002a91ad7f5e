import { expect, test } from "vitest";
import type { LimitDto } from "../../read/limit-dto.ts";
import { renderLimit, renderLimitList, renderLimitMoves } from "./limits.ts";
import { plainStyle } from "./style.ts";

function aLimit(resource: string, changes: Partial<LimitDto> = {}): LimitDto {
  return {
    resource,
    limit: 8,
    configured: { kind: "fixed", concurrency: 8 },
    override: null,
    taken: 3,
    waiting: 0,
    rate: null,
    blockedUntil: null,
    heldBecause: null,
    holders: [],
    ...changes,
  };
}

const set = aLimit("crm", {
  limit: 1,
  waiting: 41,
  override: {
    concurrency: 1,
    by: "cli:ana@host",
    reason: "their nightly job runs",
    at: "2026-11-24T12:00:00.000Z",
    until: "2026-11-24T14:00:00.000Z",
  },
});

test("limits are listed with what is configured, what is asked, and who set what", async () => {
  const limits = [
    set,
    aLimit("erp", { limit: 12, configured: { kind: "auto", min: 1, max: 64 }, taken: 12, waiting: 1_204 }),
    aLimit("feed", {
      limit: null,
      configured: null,
      rate: { count: 100, perMs: 60_000, burst: 1 },
      blockedUntil: "2026-11-24T12:00:30.000Z",
      heldBecause: "429 Too Many Requests",
    }),
  ];
  await expect(`${renderLimitList(limits, plainStyle)}\n`).toMatchFileSnapshot("golden/limits.txt");
  expect(renderLimitList([], plainStyle)).toBe("No resource is configured, so nothing is limited");
});

test("an order says what counts now, for how long, and what is configured", () => {
  expect(renderLimit(set, plainStyle)).toBe(
    "crm: 1 unit at the same time, 3 in use, until 2026-11-24 14:00:00Z (configured: 8); 41 ready steps need it",
  );
});

test("moves say what was seen and why", () => {
  const move = {
    at: "2026-11-24T12:00:00.000Z",
    concurrency: 6,
    slowdown: 1.04,
    inFlight: 4,
    completed: 12,
    failed: 0,
  };
  const text = renderLimitMoves([{ ...move, reason: "as fast as alone: half as many more" }], plainStyle);
  expect(text).toContain("1.04 ×");
  expect(text).toContain("as fast as alone: half as many more");
});
