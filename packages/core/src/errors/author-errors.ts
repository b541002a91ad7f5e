/** When to try again: after some milliseconds, at an instant, or as the header `Retry-After` says it (seconds or a date). */
export type RetryAfter =
  | { readonly afterMs: number }
  | { readonly at: Date | string }
  | { readonly header: string | null };

/** Equal across copies of this package, and inherited by an author's own subclasses whatever they call themselves. */
const retryAfterBrand: unique symbol = Symbol.for("watersmeet.retryAfter") as never;
const nonRetriableBrand: unique symbol = Symbol.for("watersmeet.nonRetriable") as never;

/**
 * Thrown by an asset's function when the outside world says "later" (HTTP 429 or 503 with Retry-After):
 * `throw new RetryAfterError("busy", { header: response.headers.get("retry-after") })`.
 * The step is tried again then, and not before; the try does not count as the step's fault. Without a time that can be read, the pause is that of any
 * other failure, and the try counts.
 */
export class RetryAfterError extends Error {
  override readonly name: string = "RetryAfterError";
  readonly [retryAfterBrand] = 1;
  readonly retryAfter: RetryAfter;

  constructor(message: string, retryAfter: RetryAfter, options?: ErrorOptions) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** Thrown by an asset's function when no further attempt can succeed: a deleted account, a request that is refused for good. */
export class NonRetriableError extends Error {
  override readonly name: string = "NonRetriableError";
  readonly [nonRetriableBrand] = 1;
}

/** By brand or name, so that an error of another copy of this package is recognised too. */
export function isRetryAfterError(value: unknown): value is RetryAfterError {
  return isBranded(value, retryAfterBrand, "RetryAfterError") && "retryAfter" in value;
}

/** By brand or name, as {@link isRetryAfterError}. */
export function isNonRetriableError(value: unknown): value is NonRetriableError {
  return isBranded(value, nonRetriableBrand, "NonRetriableError");
}

function isBranded(value: unknown, brand: symbol, name: string): value is Error {
  return typeof value === "object" && value !== null && (brand in value || ("name" in value && value.name === name));
}
