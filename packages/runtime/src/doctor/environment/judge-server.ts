import { fail, ok, warn, type Finding } from "./finding.ts";

/** What is known of the ledger's server after asking it a few questions. */
export interface ServerFacts {
  /** `server_version_num`: 180001 is 18.1. */
  readonly versionNumber: number;
  readonly version: string;
  /** Whether it follows another server and takes no writes. */
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
  /** Whether a session keeps its settings and its advisory locks from one statement to the next. */
  readonly keepsSession: boolean;
  readonly maxConnections: number;
  readonly usedConnections: number;
  /** Milliseconds by which this machine's clock is ahead of the server's; what the way there took is subtracted. */
  readonly clockAheadMs: number;
}

const oldestVersion = 140_000;

/** A difference at which times in the log of one look wrong beside those of the other. */
const clockWarnMs = 2_000;

/** Whether the server can carry a ledger. Pure. */
export function judgeServer(facts: ServerFacts): readonly Finding[] {
  return [judgeVersion(facts), judgeRole(facts), judgePooler(facts), judgeConnections(facts), judgeClock(facts)];
}

function judgeVersion({ versionNumber, version }: ServerFacts): Finding {
  if (versionNumber >= oldestVersion) return ok("postgres", `PostgreSQL ${version}`);
  return fail("postgres", `PostgreSQL ${version} is older than 14`, "Use PostgreSQL 14 or newer.");
}

function judgeRole({ isStandby, isReadOnly }: ServerFacts): Finding {
  const hint = "Connect to the primary: several hosts in one URL with target_session_attrs=read-write find it.";
  if (isStandby) return fail("primary", "the server is a standby, which takes no writes", hint);
  if (isReadOnly) return fail("primary", "transactions are read-only on this server or for this role", hint);
  return ok("primary", "the server takes writes");
}

function judgePooler({ keepsSession }: ServerFacts): Finding {
  if (keepsSession) return ok("pooler", "sessions keep their settings and locks");
  return fail(
    "pooler",
    "a pooler in transaction mode is between here and PostgreSQL: sessions lose their settings and locks from one statement to the next",
    "Workers show by a session's lock that they live. Give DATABASE_URL a direct connection, or a pooler in session mode.",
  );
}

function judgeConnections({ maxConnections, usedConnections }: ServerFacts): Finding {
  const message = `${usedConnections} of ${maxConnections} connections are used`;
  // A worker takes up to 16.
  if (maxConnections - usedConnections >= 16) return ok("connections", message);
  return warn("connections", message, "A worker takes up to 16. Raise max_connections, or run fewer workers.");
}

function judgeClock({ clockAheadMs }: ServerFacts): Finding {
  const seconds = Math.abs(clockAheadMs) / 1000;
  if (Math.abs(clockAheadMs) < clockWarnMs) return ok("clock", "agrees with the database's");
  const side = clockAheadMs > 0 ? "ahead of" : "behind";
  return warn(
    "clock",
    `this machine's clock is ${seconds.toFixed(0)} s ${side} the database's`,
    "Leases and deadlines go by the database's clock and are safe. Logs will not agree: synchronize the clocks (NTP).",
  );
}
