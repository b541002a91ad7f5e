import { isNonRetriableError, isRetryAfterError, type RetryAfter } from "../author-errors.ts";
import { causeOfDuckdbText } from "./duckdb-errors.ts";
import { causeOfErrorCode } from "./error-codes.ts";
import { causeOfErrorName } from "./error-names.ts";
import { causes, type FailureCause } from "./failure-cause.ts";
import { causeOfHttpStatus } from "./http-statuses.ts";
import { clampRetryAfter, parseRetryAfter } from "./retry-after.ts";
import { causeOfSqlState } from "./sqlstates.ts";

/** What an error says to a machine. */
export interface ErrorClassification {
  readonly cause: FailureCause;
  /** What its author decided with `RetryAfterError` or `NonRetriableError`; goes before the cause. `null`: nothing. */
  readonly wishes: "transient" | "permanent" | null;
  /** When the other side, or the author, said when to come back. */
  readonly retryAfterMs: number | null;
  /** Which resource it was met at, of a step that has several: the error's member `resource`. `null`: it does not say. */
  readonly resource: string | null;
}

/**
 * Total: whatever was thrown has a class. Looks at the error, then at its causes (and the errors of an `AggregateError`), and takes the first that says
 * something: `code` (SQLSTATE, errno, Node's, undici's), HTTP status (`status`, `statusCode`, `response.status`; a `Response` as `cause` will do),
 * the class of a DuckDB error, its name. Header `Retry-After` is read where the status is; with it, an outage is a throttle that says how long it lasts.
 */
export function classifyError(thrown: unknown, nowMs: number): ErrorClassification {
  const links = listLinks(thrown);
  const cause = first(links, causeOfLink) ?? "unknown";
  const wishes = first(links, wishOf) ?? null;
  const retryAfterMs = first(links, (link) => retryAfterOf(link, nowMs)) ?? null;
  const isThrottled = wishes === "transient" ? cause === "unknown" : retryAfterMs !== null && causes[cause].isOutage;
  const resource = first(links, resourceOf) ?? null;
  return { cause: isThrottled ? "throttled" : cause, wishes, retryAfterMs, resource };
}

const maxLinks = 16;

/** Outermost first; circles and endless chains end. */
function listLinks(thrown: unknown): readonly object[] {
  const links = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || links.has(value) || links.size >= maxLinks) return;
    links.add(value);
    visit(read(value, "cause"));
    const errors = read(value, "errors");
    if (Array.isArray(errors)) for (const error of errors) visit(error);
  };
  visit(thrown);
  return [...links];
}

function causeOfLink(link: object): FailureCause | undefined {
  return informative(causeOfCode(link)) ?? informative(causeOfStatus(link)) ?? causeOfWords(link);
}

function causeOfCode(link: object): FailureCause | undefined {
  const code = read(link, "code");
  if (typeof code !== "string") return undefined;
  return causeOfErrorCode(code) ?? causeOfSqlState(code);
}

/** As the common clients put it: fetch and ky, axios, got, the SDK of AWS. */
function causeOfStatus(link: object): FailureCause | undefined {
  const carriers = [link, read(link, "response"), read(link, "$metadata")];
  for (const carrier of carriers) {
    if (typeof carrier !== "object" || carrier === null) continue;
    for (const member of ["status", "statusCode", "httpStatusCode"]) {
      const status = read(carrier, member);
      const cause = typeof status === "number" ? causeOfHttpStatus(status) : undefined;
      if (cause !== undefined) return cause;
    }
  }
  return undefined;
}

function causeOfWords(link: object): FailureCause | undefined {
  const message = read(link, "message");
  const byText = typeof message === "string" ? causeOfDuckdbText(message, causeOfHttpStatus) : undefined;
  const name = read(link, "name");
  return informative(byText) ?? (typeof name === "string" ? causeOfErrorName(name) : undefined);
}

/** A known code that says nothing does not keep a cause further in from being heard. */
function informative(cause: FailureCause | undefined): FailureCause | undefined {
  return cause === "unknown" ? undefined : cause;
}

function wishOf(link: object): ErrorClassification["wishes"] | undefined {
  if (isNonRetriableError(link)) return "permanent";
  return isRetryAfterError(link) ? "transient" : undefined;
}

function resourceOf(link: object): string | undefined {
  const resource = read(link, "resource");
  return typeof resource === "string" ? resource : undefined;
}

function retryAfterOf(link: object, nowMs: number): number | undefined {
  if (isRetryAfterError(link)) return delayOf(link.retryAfter, nowMs) ?? undefined;
  for (const carrier of [link, read(link, "response")]) {
    const header = typeof carrier === "object" && carrier !== null ? readHeader(read(carrier, "headers")) : undefined;
    const delayMs = header === undefined ? null : parseRetryAfter(header, nowMs);
    if (delayMs !== null) return delayMs;
  }
  return undefined;
}

function delayOf(retryAfter: RetryAfter, nowMs: number): number | null {
  if ("header" in retryAfter) return retryAfter.header === null ? null : parseRetryAfter(retryAfter.header, nowMs);
  if ("afterMs" in retryAfter) return clampRetryAfter(retryAfter.afterMs);
  return clampRetryAfter(new Date(retryAfter.at).getTime() - nowMs);
}

/** `Headers`, or a plain object as Node's and axios' are. */
function readHeader(headers: unknown): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const value =
    headers instanceof Headers
      ? headers.get("retry-after")
      : (read(headers, "retry-after") ?? read(headers, "Retry-After"));
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** Members of errors may be accessors of anybody's, and throw. */
function read(object: object, member: string): unknown {
  try {
    return member in object ? Reflect.get(object, member) : undefined;
  } catch {
    return undefined;
  }
}

function first<T, R>(items: readonly T[], find: (item: T) => R | null | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}
