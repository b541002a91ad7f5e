import { unreachable } from "../errors/unreachable.ts";
import type { RowPredicate } from "./check.ts";

/** What a row must fulfil, in words that follow the column's name: `must not be null`. */
export function describePredicate(predicate: RowPredicate): string {
  switch (predicate.kind) {
    case "notNull":
      return "must not be null";
    case "oneOf":
      return `must be ${predicate.values.length === 1 ? "" : "one of "}${predicate.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "textLength":
      return `must have ${describeLength(predicate.min, predicate.max)}`;
    case "textPattern":
      return `must match /${predicate.pattern}/`;
    case "range":
      return `must be ${describeBounds(predicate).join(" and ")}`;
    case "multipleOf":
      return `must be a multiple of ${predicate.of}`;
    case "finite":
      return "must be a finite number";
    default:
      return unreachable(predicate);
  }
}

function describeLength(min: number | null, max: number | null): string {
  if (min !== null && min === max) return `exactly ${min} characters`;
  if (min === null) return `at most ${max} characters`;
  return max === null ? `at least ${min} characters` : `${min} to ${max} characters`;
}

function describeBounds(range: Extract<RowPredicate, { readonly kind: "range" }>): readonly string[] {
  const lower = range.min === null ? [] : [`${range.isMinExclusive ? "more than" : "at least"} ${String(range.min)}`];
  const upper = range.max === null ? [] : [`${range.isMaxExclusive ? "less than" : "at most"} ${String(range.max)}`];
  return [...lower, ...upper];
}
