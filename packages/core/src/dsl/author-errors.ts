/** When to try again: after some milliseconds, or at an instant. */
export type RetryAfter = { readonly afterMs: number } | { readonly at: Date | string };

/**
 * Thrown by an asset's function when the outside world says "later" (HTTP 429 or 503 with Retry-After).
 * The step is tried again then, and not before; the try does not count as the step's fault.
 */
export class RetryAfterError extends Error {
  override readonly name = "RetryAfterError";
  readonly retryAfter: RetryAfter;

  constructor(message: string, retryAfter: RetryAfter, options?: ErrorOptions) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** Thrown by an asset's function when no further attempt can succeed: a deleted account, a request that is refused for good. */
export class NonRetriableError extends Error {
  override readonly name = "NonRetriableError";
}

/** By name, so that an error of another copy of this package is recognised too. */
export function isRetryAfterError(value: unknown): value is RetryAfterError {
  return value instanceof Error && value.name === "RetryAfterError" && "retryAfter" in value;
}

/** By name, as {@link isRetryAfterError}. */
export function isNonRetriableError(value: unknown): value is NonRetriableError {
  return value instanceof Error && value.name === "NonRetriableError";
}
