/** One thing that was looked at, e.g. `{ name: "clock", status: "ok", message: "…", hint: null }`. */
export interface Finding {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do; `null` when nothing is to be done. */
  readonly hint: string | null;
}

export function ok(name: string, message: string): Finding {
  return { name, status: "ok", message, hint: null };
}

export function warn(name: string, message: string, hint: string): Finding {
  return { name, status: "warn", message, hint };
}

export function fail(name: string, message: string, hint: string): Finding {
  return { name, status: "fail", message, hint };
}
