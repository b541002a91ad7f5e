import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveApp } from "../../src/http/serve-app.ts";
import { createFixtureServer, type FixtureServer } from "../support/fixture-server.ts";
import { sendRaw } from "../support/send-raw.ts";

let server: FixtureServer;

beforeAll(async () => {
  server = await createFixtureServer("shop");
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  expect(server.defects).toEqual([]);
});

const json = { "content-type": "application/json" };
const plan = JSON.stringify({ select: "orders" });

test.each(["attacker.example", "127.0.0.1.attacker.example", "localhost", "localhost:1", "0.0.0.0"])(
  "a request to the host %s is refused: its name may have been pointed here",
  async (host) => {
    const response = await sendRaw({ port: server.port, path: "/api/v1/health", headers: { host } });
    expect(response.status).toBe(403);
    expect(JSON.parse(response.body)).toMatchObject({ code: "ORIGIN_DENIED" });
  },
);

test("pages are refused to foreign hosts as well", async () => {
  const response = await sendRaw({ port: server.port, path: "/", headers: { host: "attacker.example" } });
  expect(response.status).toBe(403);
});

test.each([
  ["application/json", {}],
  ["text/plain", {}],
  ["application/x-www-form-urlencoded", {}],
  ["application/json", { "sec-fetch-site": "cross-site" }],
])("another site may not start work with %s", async (type, headers) => {
  const response = await fetch(`${server.url}/api/v1/plans`, {
    method: "POST",
    headers: { "content-type": type, origin: "http://attacker.example", ...headers },
    body: plan,
  });
  expect(response.status).toBe(403);
});

test.each(["same-site", "cross-site"])("sec-fetch-site %s is refused without an origin too", async (site) => {
  const response = await sendRaw({
    port: server.port,
    path: "/api/v1/plans",
    method: "POST",
    headers: { ...json, "sec-fetch-site": site },
    body: plan,
  });
  expect(response.status).toBe(403);
});

test("our own page and programs may", async () => {
  const own = await sendRaw({
    port: server.port,
    path: "/api/v1/plans",
    method: "POST",
    headers: { ...json, origin: server.url, "sec-fetch-site": "same-origin" },
    body: plan,
  });
  expect(own.status).toBe(200);
  const program = await sendRaw({
    port: server.port,
    path: "/api/v1/plans",
    method: "POST",
    headers: json,
    body: plan,
  });
  expect(program.status).toBe(200);
});

test("no answer has a CORS header, and a preflight gets none", async () => {
  const preflight = await fetch(`${server.url}/api/v1/plans`, {
    method: "OPTIONS",
    headers: { origin: "http://attacker.example", "access-control-request-method": "POST" },
  });
  const plain = await fetch(`${server.url}/api/v1/assets`);
  for (const { headers } of [preflight, plain]) {
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
});

test("every answer has the headers that keep pages honest", async () => {
  for (const path of ["/api/v1/assets", "/api/v1/nothing", "/nothing"]) {
    const { headers } = await fetch(`${server.url}${path}`);
    expect(headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  }
});

test.each([
  { name: "malformed JSON", body: "{", headers: json, status: 400 },
  { name: "no body", body: "", headers: json, status: 400 },
  { name: "an array", body: "[]", headers: json, status: 400 },
  { name: "an unknown member", body: JSON.stringify({ select: "orders", root: "/etc" }), headers: json, status: 400 },
  { name: "a wrong type", body: JSON.stringify({ select: 7 }), headers: json, status: 400 },
  { name: "a null", body: JSON.stringify({ select: null }), headers: json, status: 400 },
  { name: "a polluting member", body: '{"select":"orders","__proto__":{"force":true}}', headers: json, status: 400 },
  {
    name: "a form",
    body: "select=orders",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    status: 415,
  },
  { name: "plain text", body: plan, headers: { "content-type": "text/plain" }, status: 415 },
  { name: "no content type", body: plan, headers: {}, status: 415 },
  { name: "too large a body", body: JSON.stringify({ select: "x".repeat(1_100_000) }), headers: json, status: 413 },
  { name: "deep nesting", body: `${"[".repeat(100_000)}${"]".repeat(100_000)}`, headers: json, status: 400 },
])("$name is refused with a problem, not with 500", async ({ body, headers, status }) => {
  const response = await sendRaw({ port: server.port, path: "/api/v1/plans", method: "POST", headers, body });
  expect(response.status, response.body).toBe(status);
  expect(response.headers["content-type"]).toBe("application/problem+json");
});

test("a chunked body that is too large is refused while it comes", async () => {
  const response = await sendRaw({
    port: server.port,
    path: "/api/v1/plans",
    method: "POST",
    headers: { ...json, "transfer-encoding": "chunked" },
    body: JSON.stringify({ select: "x".repeat(1_100_000) }),
  });
  expect(response.status).toBe(413);
});

test.each([
  "/../package.json",
  "/%2e%2e/package.json",
  "//etc/passwd",
  "/..%5c..%5cpackage.json",
  "/assets/../../x.js",
])("%s reads no file", async (path) => {
  const response = await sendRaw({ port: server.port, path });
  expect(response.status).toBe(404);
});

test("whatever is asked, the server has an answer of its own for it", async () => {
  const segment = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom("assets", "runs", "orders", "..", "\u0000", "'"),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(segment, { minLength: 1, maxLength: 4 }),
      fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 12 }), { maxKeys: 2 }),
      async (segments, query) => {
        const path = segments.map(encodeURIComponent).join("/");
        const { status } = await sendRaw({ port: server.port, path: `/api/v1/${path}?${new URLSearchParams(query)}` });
        expect(status).toBeLessThan(500);
      },
    ),
    { numRuns: 150 },
  );
});

test("a message of an unforeseen error stays in the server's log", async () => {
  const defects: unknown[] = [];
  const broken = Object.create(server.watersmeet, {
    project: {
      value: () => {
        throw new Error("secret at /home/ana");
      },
    },
  });
  await using other = await serveApp({
    watersmeet: broken,
    port: 0,
    web: null,
    version: "0",
    onDefect: (error) => defects.push(error),
  });
  const response = await fetch(`${other.url}/api/v1/problems`);
  const body = await response.text();
  expect(response.status).toBe(500);
  expect(body).not.toContain("secret");
  expect(defects).toHaveLength(1);
});

test("an address that other machines reach is refused", async () => {
  const options = { watersmeet: server.watersmeet, port: 0, web: null, version: "0", onDefect: () => {} };
  await expect(serveApp({ ...options, host: "0.0.0.0" })).rejects.toMatchObject({ code: "BIND_DENIED" });
});

test("a port that is taken is said to be so", async () => {
  const options = { watersmeet: server.watersmeet, web: null, version: "0", onDefect: () => {} };
  await expect(serveApp({ ...options, port: server.port })).rejects.toMatchObject({ code: "PORT_IN_USE" });
});
