import { isDeepStrictEqual } from "node:util";

/**
 * Whether an output of a page is still what the command prints: times, run times, ids, names of users, ports and versions aside, and rows in any order. JSON may be shown in part
 * and in other lines: members may be left out, elements not.
 */
export function matchesLoosely(shown: string, actual: string): boolean {
  const shownJson = parseJson(shown);
  return shownJson === undefined
    ? isDeepStrictEqual(reduce(shown), reduce(actual))
    : isPart(shownJson, parseJson(actual));
}

const variable: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<instant>"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "<moment>"],
  [/\b[\da-f]{12,64}\b/g, "<id>"],
  [/\bcli:[^\s,.]+/g, "<who>"],
  [/\b\d+([.]\d+)? (ms|s|min)\b/g, "<time>"],
  [/\b\d+[.]\d+ (?=steps at a time)/g, "<parallel> "],
  [/ \d+[.]\d+(?= +\d+ (built|blocked|failed|skipped|unchanged))/g, " <parallel>"],
  [/\b\d+[.]\d+[.]\d+ dev\b/g, "<version> dev"],
  [/127[.]0[.]0[.]1:\d+/g, "<address>"],
];

function reduce(text: string): readonly string[] {
  const masked = variable.reduce((masked, [pattern, name]) => masked.replaceAll(pattern, name), text);
  return masked
    .split("\n")
    .map((line) => line.trim().replaceAll(/\s+/g, " "))
    .filter((line) => line !== "")
    .sort();
}

function parseJson(text: string): unknown {
  try {
    return text.trimStart().startsWith("{") ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function isPart(shown: unknown, actual: unknown): boolean {
  if (typeof shown !== "object" || shown === null) return shown === actual;
  if (typeof actual !== "object" || actual === null || Array.isArray(shown) !== Array.isArray(actual)) return false;
  if (Array.isArray(shown) && Array.isArray(actual) && shown.length !== actual.length) return false;
  const members = new Map(Object.entries(actual));
  return Object.entries(shown).every(([name, value]) => isPart(value, members.get(name)));
}
