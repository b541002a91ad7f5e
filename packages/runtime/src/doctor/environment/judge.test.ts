import { expect, test } from "vitest";
import { judgeFileSystem, judgeSpace } from "./examine-files.ts";
import { explainRefusal } from "./examine-server.ts";
import { judgeNode } from "./judge-node.ts";
import { judgeServer, type ServerFacts } from "./judge-server.ts";

const sound: ServerFacts = {
  versionNumber: 180_001,
  version: "18.1",
  isStandby: false,
  isReadOnly: false,
  keepsSession: true,
  maxConnections: 100,
  usedConnections: 12,
  clockAheadMs: 3,
};

function statuses(facts: Partial<ServerFacts>): Record<string, string> {
  return Object.fromEntries(judgeServer({ ...sound, ...facts }).map(({ name, status }) => [name, status]));
}

test("a sound server is in order in every respect", () => {
  expect(statuses({})).toEqual({ postgres: "ok", primary: "ok", pooler: "ok", connections: "ok", clock: "ok" });
});

test.each([
  [{ versionNumber: 130_012, version: "13.12" }, { postgres: "fail" }],
  [{ isStandby: true, isReadOnly: true }, { primary: "fail" }],
  [{ isReadOnly: true }, { primary: "fail" }],
  [{ keepsSession: false }, { pooler: "fail" }],
  [{ usedConnections: 90 }, { connections: "warn" }],
  [{ clockAheadMs: 86_400_000 }, { clock: "warn" }],
  [{ clockAheadMs: -2_500 }, { clock: "warn" }],
] as const)("a server with %j is told of", (facts, expected) => {
  expect(statuses(facts)).toMatchObject(expected);
});

test("a clock that is a day ahead is told with the difference", () => {
  expect(judgeServer({ ...sound, clockAheadMs: 86_400_000 }).at(-1)?.message).toBe(
    "this machine's clock is 86400 s ahead of the database's",
  );
});

test.each([
  ["24.12.0", "ok"],
  ["25.0.0", "ok"],
  ["24.11.9", "fail"],
  ["20.20.2", "fail"],
])("Node %s is %s", (version, status) => {
  expect(judgeNode(version).status).toBe(status);
});

test.each([
  [5 * 1024 ** 3, "ok", "5.0 GB free at /data"],
  [1024 ** 3, "warn", "1.0 GB free at /data"],
  [50 * 1024 ** 2, "fail", "50 MB free at /data"],
])("%i free bytes are %s", (bytes, status, message) => {
  expect(judgeSpace("/data", bytes)).toMatchObject({ status, message });
});

test.each([
  [0x6969, "fail", "NFS"],
  [0xff_53_4d_42, "fail", "CIFS"],
  [0xef_53, "ok", "this machine"],
  [0x01_02_19_94, "ok", "this machine"],
])("a DuckDB file on a file system of type %i is %s: %s", (type, status, word) => {
  const found = judgeFileSystem({ name: "default", path: "/data" }, type);
  expect(found.status).toBe(status);
  expect(found.message).toContain(word);
});

test.each([
  ["53300", "connections", "Raise max_connections"],
  ["28P01", "postgres", "user and password"],
  ["3D000", "postgres", "Create it"],
  ["ECONNREFUSED", "postgres", "Start the server"],
  ["XX000", "postgres", "DATABASE_URL"],
])("a server that refuses with %s is a finding of %s, with what to do", (code, name, hint) => {
  const found = explainRefusal(code, "as it says");
  expect(found).toMatchObject({ name, status: "fail" });
  expect(found.message).toContain("as it says");
  expect(found.hint).toContain(hint);
});
