/** An error that the server explained, as problem+json (RFC 9457). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly hint: string | null;

  constructor(status: number, problem: { code?: string; detail?: string; title?: string; hint?: string | null }) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`);
    this.status = status;
    this.code = problem.code ?? "INTERNAL";
    this.hint = problem.hint ?? null;
  }
}

export type SearchParameters = Readonly<Record<string, string | number | undefined>>;

export async function getJson<T>(path: string, parameters: SearchParameters = {}, signal?: AbortSignal): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) search.set(name, String(value));
  const query = search.size === 0 ? "" : `?${search}`;
  return readAnswer<T>(await fetch(`/api/v1${path}${query}`, signal === undefined ? {} : { signal }));
}

/** @param idempotencyKey the same key gives the same run, however often the button is pressed */
export async function postJson<T>(path: string, body: unknown, idempotencyKey?: string): Promise<T> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
  return readAnswer<T>(await fetch(`/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function readAnswer<T>(response: Response): Promise<T> {
  const text = await response.text();
  const json: unknown = text === "" ? null : parseOrNull(text);
  if (!response.ok) throw new ApiError(response.status, json !== null && typeof json === "object" ? json : {});
  // The server's routes and these types share the DTOs of src/read.
  return json as T;
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
