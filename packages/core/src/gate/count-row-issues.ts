import type { RowIssue } from "../schema/row-parser.ts";
import { compareStrings } from "../values/compare.ts";
import type { Json } from "../values/json.ts";
import type { GateFailure } from "./judge.ts";

const maxSamples = 5;
/** More kinds of issues than anybody reads: a message that carries a value of each row must not fill the memory. */
const maxKinds = 50;

/** Counts the issues of rows that a row parser refused, per column and message. */
export interface RowIssueCounter {
  /** `row` is what the asset's function gave. */
  add(row: unknown, issues: readonly RowIssue[]): void;
  /** Rows refused so far. */
  readonly rowCount: number;
  /** By falling count of rows, then by id. */
  listFailures(): readonly GateFailure[];
}

interface Tally {
  readonly issue: RowIssue;
  readonly sample: Readonly<Record<string, Json>>[];
  failedRows: number;
}

export function countRowIssues(): RowIssueCounter {
  const tallies = new Map<string, Tally>();
  let rowCount = 0;
  return {
    add(row, issues) {
      rowCount += 1;
      for (const [id, issue] of new Map(issues.map((each) => [idOf(each), each]))) {
        const key = tallies.has(id) || tallies.size < maxKinds ? id : `${issue.code}:others`;
        const tally = tallies.get(key) ?? {
          issue: key === id ? issue : { ...issue, column: null, message: "has other issues" },
          sample: [],
          failedRows: 0,
        };
        tally.failedRows += 1;
        if (tally.sample.length < maxSamples) tally.sample.push(toSample(row));
        tallies.set(key, tally);
      }
    },
    get rowCount() {
      return rowCount;
    },
    listFailures() {
      return [...tallies]
        .map(([id, tally]) => toFailure(id, tally))
        .sort((a, b) => b.failedRows - a.failedRows || compareStrings(a.id, b.id));
    },
  };
}

function idOf(issue: RowIssue): string {
  return `${issue.code}:${issue.column ?? ""}:${issue.message}`;
}

function toFailure(id: string, { issue, sample, failedRows }: Tally): GateFailure {
  return {
    id,
    message: `is refused: ${issue.message}`,
    columns: issue.column === null ? [] : [issue.column],
    failedRows,
    sample,
  };
}

/** A row as JSON, whatever it holds: what JSON has no form for becomes text. */
function toSample(row: unknown): Readonly<Record<string, Json>> {
  if (typeof row !== "object" || row === null) return { row: toJson(row) };
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toJson(value)]));
}

function toJson(value: unknown): Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object") return String(value);
  try {
    const copy: Json = JSON.parse(
      JSON.stringify(value, (_name, member: unknown) => (typeof member === "bigint" ? String(member) : member)),
    );
    return copy;
  } catch {
    return "[not JSON]";
  }
}
