import type { FailureCause } from "./failure-cause.ts";

/** The member `name` of errors that have no code. */
export const errorNames: Readonly<Record<string, FailureCause>> = {
  AbortError: "cancelled",
  AssertionError: "invalid",
  ConnectTimeoutError: "timedOut",
  HeadersTimeoutError: "timedOut",
  BodyTimeoutError: "timedOut",
  TimeoutError: "timedOut",
  SocketError: "unreachable",
  ThrottlingException: "throttled",
  TooManyRequestsException: "throttled",
  ServiceUnavailable: "unavailable",
  ReferenceError: "defect",
  ZodError: "invalid",
  $ZodError: "invalid",
};

export function causeOfErrorName(name: string): FailureCause | undefined {
  return Object.hasOwn(errorNames, name) ? errorNames[name] : undefined;
}
