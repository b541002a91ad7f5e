import type { Finding, Violation } from "@watersmeet/runtime";
import { expect, test } from "vitest";
import { renderReport } from "../commands/doctor.ts";
import { plainStyle } from "../render/style.ts";
import { describeViolations } from "./describe-violations.ts";

const hint = "`watersmeet doctor --repair` puts it right.";

function lost(partition: string): Violation {
  return {
    code: "COMMIT_UNRECORDED",
    invariant: "I2",
    message: `the store default has version 3 of orders@${partition}, of which the ledger has no record`,
    place: { store: "default", asset: "orders", partition },
    hint,
    isRepaired: true,
  };
}

const environment: readonly Finding[] = [
  { name: "node", status: "ok", message: "Node 24.21.0", hint: null },
  {
    name: "pooler",
    status: "fail",
    message:
      "a pooler in transaction mode is between here and PostgreSQL: sessions lose their settings and locks from one statement to the next",
    hint: "Workers show by a session's lock that they live. Give DATABASE_URL a direct connection, or a pooler in session mode.",
  },
  {
    name: "clock",
    status: "warn",
    message: "this machine's clock is 86400 s ahead of the database's",
    hint: "Leases and deadlines go by the database's clock and are safe. Logs will not agree: synchronize the clocks (NTP).",
  },
  { name: "disk", status: "ok", message: "5.0 GB free at /srv/shop/.watersmeet", hint: null },
];

test("what was put right, what was looked at and what does not hold are told in this form", async () => {
  const violations: readonly Violation[] = [
    ...Array.from({ length: 7 }, (_, index) => lost(`2001-01-0${index + 1}`)),
    {
      code: "WORKER_DEAD",
      invariant: "I6",
      message: "worker 12 (process 4711 on db1) has not beaten for 94 s and is still listed",
      place: { worker: "12" },
      hint: `Any worker takes it away within seconds. ${hint}`,
      isRepaired: true,
    },
  ];
  const repairs = [{ kind: "staging" as const, message: "/srv/shop/.watersmeet/staging/77-a1 was removed" }];
  const findings = [...environment, ...describeViolations(violations)];
  await expect(`${renderReport({ findings, repairs }, plainStyle)}\n`).toMatchFileSnapshot("golden/report.txt");
});

test("what is asked of a store that another process has is not said to hold, and is no failure", () => {
  const lines = describeViolations([], ["default"]);
  const warned = lines.filter(({ status }) => status === "warn");
  expect(warned.map(({ name }) => name)).toEqual(["I1", "I2", "I4", "I10"]);
  expect(warned.every(({ message }) => message.includes("default was not looked at"))).toBe(true);
  expect(lines.every(({ status }) => status !== "fail")).toBe(true);
  const [found] = describeViolations([lost("2001-01-01")], ["default"]).filter(({ name }) => name === "I2");
  expect(found?.status).toBe("fail");
});

test("where everything holds, each invariant is a line", () => {
  const lines = describeViolations([]);
  expect(lines.map(({ name }) => name)).toEqual(Array.from({ length: 12 }, (_, index) => `I${index + 1}`));
  expect(lines.every(({ status, hint: what }) => status === "ok" && what === null)).toBe(true);
});
