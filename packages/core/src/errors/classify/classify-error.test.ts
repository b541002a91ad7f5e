import fc from "fast-check";
import { expect, test } from "vitest";
import { NonRetriableError, RetryAfterError } from "../author-errors.ts";
import { classifyError } from "./classify-error.ts";
import { duckdbErrors } from "./duckdb-errors.ts";
import { errorCodes } from "./error-codes.ts";
import { errorNames } from "./error-names.ts";
import { causes } from "./failure-cause.ts";
import { causeOfHttpStatus } from "./http-statuses.ts";
import { causeOfSqlState, sqlStateClasses, sqlStates } from "./sqlstates.ts";

const now = Date.parse("2026-11-24T12:00:00Z");

function causeOf(members: object, message = "x"): string {
  return classifyError(Object.assign(new Error(message), members), now).cause;
}

/** One line per input, so that a change of the table is a change that somebody reads. */
function renderTable(): string {
  const line = (name: string, cause: string): string => `  ${name.padEnd(34)}${cause}`;
  const section = (title: string, entries: readonly (readonly [string, string])[]): string =>
    [title, ...entries.map(([name, cause]) => line(name, cause))].join("\n");
  const statuses = Array.from({ length: 500 }, (_, index) => index + 100);
  const spans: [string, string][] = [];
  let from = 100;
  for (const status of statuses) {
    const cause = causeOf({ status });
    if (status < 599 && causeOf({ status: status + 1 }) === cause) continue;
    spans.push([from === status ? String(status) : `${from}-${status}`, cause]);
    from = status + 1;
  }
  return [
    "what follows from a cause: class, whether it counts at a breaker",
    ...Object.entries(causes).map(([cause, { class: kind, isOutage }]) =>
      line(cause, `${kind}${isOutage ? ", counts" : ""}`),
    ),
    section(
      "SQLSTATE classes",
      Object.keys(sqlStateClasses)
        .sort()
        .map((code) => [code, causeOf({ code: `${code}9ZZ` })] as const),
    ),
    section(
      "SQLSTATEs that differ from their class",
      Object.keys(sqlStates)
        .sort()
        .map((code) => [code, causeOf({ code })] as const),
    ),
    section("HTTP statuses", spans),
    section(
      "codes",
      Object.keys(errorCodes)
        .sort()
        .map((code) => [code, causeOf({ code })] as const),
    ),
    section(
      "DuckDB",
      Object.keys(duckdbErrors).map((name) => [name, causeOf({}, `${name}: something`)] as const),
    ),
    section(
      "names",
      Object.keys(errorNames).map((name) => [name, causeOf({ name })] as const),
    ),
    "",
  ].join("\n");
}

test("every code, status, class of DuckDB and name has the cause that was reviewed (renew with vitest -u)", async () => {
  await expect(renderTable()).toMatchFileSnapshot("golden/causes.txt");
});

test("whatever is thrown has a class, and is tried again or not", () => {
  const text = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[0-9A-Z]{5}$/),
    fc.constantFrom(...Object.keys(errorCodes), ...Object.keys(errorNames), "toString", "__proto__"),
  );
  const link = fc.record(
    {
      name: text,
      message: text,
      code: fc.oneof(text, fc.integer()),
      status: fc.oneof(fc.integer(), fc.double(), text),
      response: fc.oneof(
        fc.anything(),
        fc.record({ status: fc.integer({ min: 0, max: 700 }), headers: fc.anything() }),
      ),
      headers: fc.dictionary(fc.constantFrom("retry-after", "Retry-After", "x"), text),
      errors: fc.anything(),
      cause: fc.anything(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything(), link, fc.tuple(link, link)), (thrown) => {
      const value = Array.isArray(thrown) ? { ...thrown[0], cause: thrown[1] } : thrown;
      const found = classifyError(value, now);
      expect(["transient", "permanent", "data", "poison"]).toContain(causes[found.cause].class);
      if (found.retryAfterMs !== null) {
        expect(Number.isInteger(found.retryAfterMs)).toBe(true);
        expect(found.retryAfterMs).toBeGreaterThanOrEqual(0);
        expect(found.retryAfterMs).toBeLessThanOrEqual(86_400_000);
      }
    }),
    { numRuns: 500 },
  );
});

test("every SQLSTATE of a known class and every status of HTTP has a cause", () => {
  const tail = fc.stringMatching(/^[0-9A-Z]{3}$/);
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(sqlStateClasses)), tail, (head, rest) => {
      expect(causeOfSqlState(head + rest)).toBeDefined();
    }),
  );
  for (let status = 100; status < 600; status++) expect(causeOfHttpStatus(status)).toBeDefined();
  expect([99, 600, 200.5, Number.NaN].map(causeOfHttpStatus)).toEqual([undefined, undefined, undefined, undefined]);
});

test("the cause is found where clients put it, however deep", () => {
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  const fetchFailed = new TypeError("fetch failed", { cause: new AggregateError([refused]) });
  expect(classifyError(new Error("no rows", { cause: fetchFailed }), now).cause).toBe("unreachable");
  expect(causeOf({ response: { status: 503 } })).toBe("unavailable");
  expect(causeOf({ $metadata: { httpStatusCode: 500 } })).toBe("unavailable");
  expect(classifyError(new Error("GET /x", { cause: new Response("", { status: 404 }) }), now).cause).toBe("refused");
  expect(causeOf({}, "HTTP Error: Unable to connect, HTTP 404 on /x")).toBe("refused");
  // What is nearest to the author's words counts, not what is deepest.
  const wrapped = Object.assign(new Error("gone", { cause: refused }), { status: 410 });
  expect(classifyError(wrapped, now).cause).toBe("refused");
});

test("what says nothing a machine can read is unknown, and circles end", () => {
  const circle = new Error("round");
  circle.cause = circle;
  for (const thrown of [undefined, null, "text", 7, {}, new TypeError("x is not a function"), circle]) {
    expect(classifyError(thrown, now)).toEqual({ cause: "unknown", wishes: null, retryAfterMs: null, resource: null });
  }
  const angry = Object.defineProperty(new Error("x"), "code", {
    get() {
      throw new Error("no");
    },
  });
  expect(classifyError(angry, now).cause).toBe("unknown");
});

test("a wish of the author is heard from a subclass, from another copy of the package, and through a wrapper", () => {
  class AccountClosed extends NonRetriableError {
    override readonly name = "AccountClosed";
  }
  class OtherCopy extends Error {
    override readonly name = "RetryAfterError";
    readonly retryAfter = { afterMs: 2_000 };
  }
  expect(classifyError(new Error("sync", { cause: new AccountClosed("closed") }), now).wishes).toBe("permanent");
  expect(classifyError(new OtherCopy("busy"), now)).toEqual({
    cause: "throttled",
    wishes: "transient",
    retryAfterMs: 2_000,
    resource: null,
  });
});

test("when to come back is read from seconds, from dates and from headers, and never lies in the past or beyond a day", () => {
  const after = (retryAfter: ConstructorParameters<typeof RetryAfterError>[1]) =>
    classifyError(new RetryAfterError("busy", retryAfter), now).retryAfterMs;
  expect(after({ header: "120" })).toBe(120_000);
  expect(after({ header: "Tue, 24 Nov 2026 12:00:30 GMT" })).toBe(30_000);
  expect(after({ header: "Tuesday, 24-Nov-26 12:00:30 GMT" })).toBe(30_000);
  expect(after({ header: "soon" })).toBe(null);
  expect(after({ header: "-5" })).toBe(null);
  expect(after({ header: null })).toBe(null);
  expect(after({ at: new Date(now + 1_500) })).toBe(1_500);
  expect(after({ at: "2026-11-24T11:00:00Z" })).toBe(0);
  expect(after({ at: "never" })).toBe(null);
  expect(after({ afterMs: Number.MAX_VALUE })).toBe(86_400_000);
  const busy = new Response("", { status: 503, headers: { "Retry-After": "3" } });
  const named = Object.assign(new Error("busy", { cause: busy }), { resource: "crm" });
  expect(classifyError(named, now)).toEqual({
    cause: "throttled",
    wishes: null,
    retryAfterMs: 3_000,
    resource: "crm",
  });
  const axios = { response: { status: 429, headers: { "retry-after": "1.5" } } };
  expect(classifyError(Object.assign(new Error("429"), axios), now)).toMatchObject({
    cause: "throttled",
    retryAfterMs: 1_500,
  });
});
