import { expect, test } from "vitest";
import type { BreakerDto } from "../../read/breaker-dto.ts";
import { renderBreaker, renderBreakerList } from "./breakers.ts";
import { plainStyle } from "./style.ts";

function aBreaker(resource: string, changes: Partial<BreakerDto> = {}): BreakerDto {
  return {
    resource,
    state: "closed",
    isConfigured: true,
    until: null,
    openedAt: null,
    reason: null,
    changedBy: "watersmeet",
    changedAt: "2026-11-24T12:00:00.000Z",
    failedProbes: 0,
    calls: { ok: 1_240, failed: 3, slow: 0 },
    retries: { attempts: 1_243, retries: 3, allowed: 248 },
    waiting: 0,
    setApart: [],
    ...changes,
  };
}

const open = aBreaker("crm", {
  state: "open",
  until: "2026-11-24T12:00:30.000Z",
  reason: "6 calls in a row did not get through",
  waiting: 41,
});

test("the list says of each breaker how it stands, since what, and who waits", async () => {
  const setApart = [
    {
      workerId: "7",
      until: "2026-11-24T12:01:00.000Z",
      reason: "5 calls in a row did not get through from this worker",
    },
  ];
  const breakers = [
    open,
    aBreaker("erp", { state: "forcedOpen", reason: "migration of the ERP", waiting: 1 }),
    aBreaker("ftp", { isConfigured: false, retries: { attempts: 0, retries: 0, allowed: null } }),
    aBreaker("mail", { state: "halfOpen", until: "2026-11-24T11:59:59.000Z", reason: "a probe failed", waiting: 2 }),
    aBreaker("warehouse", { setApart }),
  ];
  await expect(renderBreakerList(breakers, plainStyle)).toMatchFileSnapshot("golden/breakers.txt");
  expect(renderBreakerList([], plainStyle)).toContain("No resource");
});

test("after an order one line says how the breaker stands", () => {
  expect(renderBreaker(open, plainStyle)).toBe(
    "crm is open until 2026-11-24 12:00:30Z: 6 calls in a row did not get through; 41 ready steps need it",
  );
  expect(renderBreaker(aBreaker("crm"), plainStyle)).toBe("crm is closed");
});
