import type { FailureCause } from "./failure-cause.ts";

/** Statuses whose cause is another one than their hundred's. */
export const httpStatuses: Readonly<Record<number, FailureCause>> = {
  408: "timedOut",
  409: "conflict",
  422: "invalid",
  423: "conflict",
  425: "throttled",
  429: "throttled",
  501: "refused",
  504: "timedOut",
  505: "defect",
  507: "exhausted",
  // Cloudflare's: no connection to the origin, or none in time.
  521: "unreachable",
  522: "timedOut",
  523: "unreachable",
  524: "timedOut",
  525: "unreachable",
  526: "unreachable",
};

/** The cause of an answer that was taken for a failure; undefined when the number is no status of HTTP. Below 400, what is wrong is not in the status. */
export function causeOfHttpStatus(status: number): FailureCause | undefined {
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const exception = Object.hasOwn(httpStatuses, status) ? httpStatuses[status] : undefined;
  if (exception !== undefined) return exception;
  if (status >= 500) return "unavailable";
  return status >= 400 ? "refused" : "unknown";
}
