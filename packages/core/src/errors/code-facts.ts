/** What CLI, HTTP and worker need to know of an error code. */
export interface CodeFacts {
  readonly summary: string;
  /** Of the `watersmeet` command: 1 failed, 2 usage, 3 gate or compatibility failed, 4 timeout, 5 breaker open, 6 denied, 130 interrupted. */
  readonly exitCode: 1 | 2 | 3 | 4 | 5 | 6 | 130;
  readonly httpStatus: 400 | 401 | 403 | 404 | 408 | 409 | 412 | 413 | 415 | 422 | 428 | 429 | 500 | 502 | 503 | 504;
  /** Whether another attempt of the same work can succeed without anybody changing anything. */
  readonly isRetryable: boolean;
}
