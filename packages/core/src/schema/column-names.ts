import type { Problem } from "../errors/problem.ts";

/** Longest identifier of Postgres, in bytes. */
const maxBytes = 63;

/** Names that some store cannot keep, or that two stores would not keep apart: DuckDB's identifiers do not know upper from lower case. */
export function findColumnNameProblems(names: readonly string[]): readonly Problem[] {
  const byFolded = Map.groupBy(names, (name) => name.toLowerCase());
  return [
    ...names.filter((name) => !isPossible(name)).map(impossible),
    ...[...byFolded.values()].filter((same) => same.length > 1).map(ambiguous),
  ];
}

function isPossible(name: string): boolean {
  return (
    name.length > 0 &&
    Buffer.byteLength(name) <= maxBytes &&
    name.isWellFormed() &&
    !/\p{Cc}/u.test(name) &&
    name !== "__proto__"
  );
}

function impossible(name: string): Problem {
  return {
    code: "SCHEMA_COLUMN_NAME_INVALID",
    message: `${JSON.stringify(name)} cannot be the name of a column`,
    hint: `Names have 1 to ${maxBytes} bytes and no control characters`,
  };
}

function ambiguous(names: readonly string[]): Problem {
  return {
    code: "SCHEMA_COLUMN_NAME_INVALID",
    message: `the columns ${names.map((name) => `"${name}"`).join(" and ")} differ only in upper and lower case`,
    hint: "Rename one of them",
  };
}
