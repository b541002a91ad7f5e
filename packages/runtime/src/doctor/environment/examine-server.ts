import { fail, type Finding } from "./finding.ts";
import { judgeServer } from "./judge-server.ts";
import { readServer } from "./read-server.ts";

/** Looks at the server behind a URL. That it cannot be reached is a finding, too. */
export async function examineServer(url: string): Promise<readonly Finding[]> {
  try {
    return judgeServer(await readServer(url));
  } catch (error) {
    return [explainRefusal(codeOf(error), error instanceof Error ? error.message : String(error))];
  }
}

/** Pure. `code` is an SQLSTATE or that of a system call. */
export function explainRefusal(code: string, message: string): Finding {
  const [what, hint] = refusals[code] ?? [
    "the server cannot be asked",
    "Check DATABASE_URL, and that the server runs.",
  ];
  return fail(code === "53300" ? "connections" : "postgres", `${what}: ${message}`, hint);
}

const refusals: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  "53300": [
    "all connections are used",
    "Raise max_connections, run fewer workers, or put a pooler in session mode before it. A worker takes up to 16.",
  ],
  "28P01": ["the password is wrong", "Check user and password in DATABASE_URL."],
  "28000": ["the server does not let this user in", "Check the user in DATABASE_URL, and pg_hba.conf on the server."],
  "3D000": ["there is no such database", "Create it, or name another one in DATABASE_URL."],
  "57P03": ["the server is starting up or shutting down", "Try again in a moment."],
  "42501": ["the role may not do this", "Grant it the rights on schema watersmeet, or let it create the schema."],
  ECONNREFUSED: ["nothing listens there", "Start the server, or correct host and port in DATABASE_URL."],
  ENOTFOUND: ["the host has no address", "Correct the host in DATABASE_URL."],
};

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
