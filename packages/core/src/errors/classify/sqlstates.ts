import type { FailureCause } from "./failure-cause.ts";

/** By the two characters of an SQLSTATE's class. Source: PostgreSQL, appendix A. */
export const sqlStateClasses: Readonly<Record<string, FailureCause>> = {
  "00": "unknown",
  "01": "unknown",
  "02": "unknown",
  "03": "defect",
  "08": "unreachable",
  "09": "defect",
  "0A": "defect",
  "0B": "defect",
  "0F": "defect",
  "0L": "refused",
  "0P": "refused",
  "0Z": "defect",
  "10": "defect",
  "20": "defect",
  "21": "invalid",
  "22": "invalid",
  "23": "invalid",
  "24": "defect",
  "25": "defect",
  "26": "defect",
  "27": "invalid",
  "28": "refused",
  "2B": "refused",
  "2D": "defect",
  "2F": "defect",
  "34": "defect",
  "38": "defect",
  "39": "defect",
  "3B": "defect",
  "3D": "refused",
  "3F": "refused",
  "40": "conflict",
  "42": "defect",
  "44": "invalid",
  "53": "exhausted",
  "54": "defect",
  "55": "conflict",
  "57": "unavailable",
  "58": "unavailable",
  F0: "unknown",
  HV: "unknown",
  P0: "unknown",
  XX: "unknown",
};

/** Codes whose cause is another one than their class's. */
export const sqlStates: Readonly<Record<string, FailureCause>> = {
  // The client broke the protocol; the server is well.
  "08P01": "defect",
  // Unique and exclusion violations of two writers end when one of them reads again.
  "23505": "conflict",
  "23P01": "conflict",
  "25006": "unavailable",
  "25P03": "timedOut",
  "25P04": "timedOut",
  "42501": "refused",
  "42P01": "refused",
  "55000": "refused",
  "55P02": "refused",
  "55P04": "defect",
  "57014": "cancelled",
  "57P04": "refused",
  "57P05": "unreachable",
  P0001: "invalid",
  P0002: "invalid",
  P0003: "invalid",
  P0004: "defect",
  XX001: "refused",
  XX002: "refused",
};

/** The cause of an SQLSTATE; undefined when it is none that is known. */
export function causeOfSqlState(code: string): FailureCause | undefined {
  if (!/^[0-9A-Z]{5}$/.test(code)) return undefined;
  return own(sqlStates, code) ?? own(sqlStateClasses, code.slice(0, 2));
}

function own(table: Readonly<Record<string, FailureCause>>, key: string): FailureCause | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
