import { expect, test } from "vitest";
import { buildOwnHosts, isLoopback } from "./guard.ts";

test.each(["localhost:4321", "127.0.0.1:4321", "[::1]:4321", "LOCALHOST:4321"])("%s is this server", (host) => {
  expect(buildOwnHosts(4321)(host)).toBe(true);
});

test.each(["", "localhost", "localhost:80", "127.0.0.1.attacker.example:4321", "attacker.example", "localhost.:4321"])(
  "%j is not this server",
  (host) => {
    expect(buildOwnHosts(4321)(host)).toBe(false);
  },
);

test("only loopback addresses may be bound to", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1", "localhost"].map(isLoopback)).toEqual([true, true, true, true]);
  expect(["0.0.0.0", "::", "192.168.1.4", "127.0.0.1.nip.io", ""].map(isLoopback)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});
