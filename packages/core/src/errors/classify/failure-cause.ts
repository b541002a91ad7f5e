/**
 * `transient` may succeed when tried again; `permanent` will not; `data` means that rows are at fault; `poison` means that the step takes its process down.
 */
export type FailureClass = "transient" | "permanent" | "data" | "poison";

/** What a failure was about, as far as its codes tell. Its class, its limit and whether it counts at a breaker follow from it. */
export type FailureCause =
  | "unreachable"
  | "timedOut"
  | "unavailable"
  | "throttled"
  | "exhausted"
  | "conflict"
  | "starved"
  | "cancelled"
  | "refused"
  | "invalid"
  | "defect"
  | "unknown";

export interface CauseFacts {
  readonly summary: string;
  readonly class: FailureClass;
  /** Whether it says that the other side is unwell: only such failures count at its breaker. */
  readonly isOutage: boolean;
}

/** The one table of causes. Source: operations.md 2.2 and 2.6. */
export const causes: Readonly<Record<FailureCause, CauseFacts>> = {
  unreachable: { summary: "no connection: refused, reset, DNS, TLS", class: "transient", isOutage: true },
  timedOut: { summary: "no answer in time", class: "transient", isOutage: true },
  unavailable: {
    summary: "the other side failed: HTTP 5xx, a server that starts or stops",
    class: "transient",
    isOutage: true,
  },
  throttled: { summary: "the other side asks for later: HTTP 429, Retry-After", class: "transient", isOutage: true },
  exhausted: {
    summary: "the other side ran out of connections, memory or disk",
    class: "transient",
    isOutage: true,
  },
  conflict: { summary: "two transactions met and one gave way", class: "transient", isOutage: false },
  starved: { summary: "this host ran out of memory, disk or files", class: "transient", isOutage: false },
  cancelled: { summary: "somebody ended it: an abort, a cancelled query", class: "transient", isOutage: false },
  refused: {
    summary: "the other side said no: HTTP 4xx, rights, what does not exist",
    class: "permanent",
    isOutage: false,
  },
  invalid: { summary: "values at fault: a type, a constraint, a schema", class: "data", isOutage: false },
  defect: { summary: "the code or the call is wrong, whatever the data", class: "permanent", isOutage: false },
  unknown: { summary: "an error that says nothing a machine can read", class: "transient", isOutage: false },
};
