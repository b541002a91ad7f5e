import type { Problem } from "../../errors/problem.ts";
import { parseTimestamp } from "../../schema/instant.ts";
import type { Retention } from "../orders.ts";
import type { LatePolicy } from "./late-policy.ts";

/** Everything that is wrong with what a merge says of late rows, as MERGE_POLICY_INVALID. `asset` is for the messages; `isDated`: the merge has an event time. */
export function checkLatePolicy(
  asset: string,
  late: LatePolicy,
  given: { readonly isDated: boolean; readonly retention: Retention | null },
): readonly Problem[] {
  const keepMs = given.retention?.keepMs ?? null;
  return [
    ...findDurationProblems(late),
    ...(given.isDated
      ? []
      : [
          {
            what: "it says what is late, and no row has a time",
            fix: "Name the column with the time of a row: eventTime.",
          },
        ]),
    ...(late.horizonMs !== undefined && late.horizonMs < late.graceMs
      ? [
          {
            what: "its horizon is shorter than its grace",
            fix: "Rows beyond the horizon are always held, so that the grace would end there.",
          },
        ]
      : []),
    ...(keepMs !== null && keepMs < late.graceMs
      ? [
          {
            what: "it keeps its history for a shorter time than its grace",
            fix: "Tombstones of rows that may still come must be kept (M14): make `keep` at least the grace.",
          },
        ]
      : []),
    ...(late.closedBefore !== undefined && parseTimestamp(late.closedBefore) === null
      ? [
          {
            what: `"${late.closedBefore}" is no instant before which its periods are closed`,
            fix: "Write it in UTC: 2001-01-01T00:00:00Z.",
          },
        ]
      : []),
  ].map(({ what, fix }) => ({ code: "MERGE_POLICY_INVALID" as const, message: `${asset}: ${what}`, hint: fix }));
}

function findDurationProblems({ graceMs, disorderMs, maxFutureMs, horizonMs, amendments }: LatePolicy) {
  const numbers = {
    grace: graceMs,
    disorder: disorderMs,
    maxFuture: maxFutureMs,
    horizon: horizonMs,
    "count of amendments": amendments?.count,
    "time of amendments": amendments?.perMs,
  };
  return Object.entries(numbers).flatMap(([name, value]) =>
    value === undefined || (Number.isSafeInteger(value) && value >= 0)
      ? []
      : [{ what: `its ${name} is ${value}`, fix: "It is a whole number, and not negative." }],
  );
}
