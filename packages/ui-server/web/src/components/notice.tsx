import { ApiError } from "../api/client.ts";

/** What went wrong, and what to do about it. */
export function ErrorNotice({ error }: { readonly error: Error }) {
  const hint = error instanceof ApiError ? error.hint : null;
  return (
    <div className="notice notice-error" role="alert">
      <strong>{error instanceof ApiError ? error.code : "Error"}</strong> {error.message}
      {hint !== null && <div className="hint">{hint}</div>}
    </div>
  );
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <p className="quiet" aria-busy="true">
      Loading {what} …
    </p>
  );
}

export function Empty({ children }: { readonly children: React.ReactNode }) {
  return <p className="quiet">{children}</p>;
}
