import { invariants, type Finding, type Violation } from "@watersmeet/runtime";

/** More of one kind than this are counted, not listed. */
const maxOfOneKind = 5;

/** One line for each invariant that holds, and a line for each violation of one that does not. */
export function describeViolations(violations: readonly Violation[]): readonly Finding[] {
  const byInvariant = Map.groupBy(violations, (each) => each.invariant);
  return Object.entries(invariants).flatMap(([name, sentence]) => {
    const broken = [...byInvariant].find(([invariant]) => invariant === name)?.[1] ?? [];
    if (broken.length === 0) return [{ name, status: "ok" as const, message: sentence, hint: null }];
    return [...Map.groupBy(broken, (each) => each.code).values()].flatMap(describeKind);
  });
}

function describeKind(violations: readonly Violation[]): readonly Finding[] {
  const shown = violations.slice(0, maxOfOneKind).map(({ invariant, code, message, place, hint }): Finding => {
    const where = describePlace(place);
    return {
      name: invariant,
      status: "fail",
      message: `${code}: ${message}${where === "" ? "" : ` (${where})`}`,
      hint,
    };
  });
  const [first] = violations;
  const more = violations.length - shown.length;
  if (first === undefined || more === 0) return shown;
  return [...shown, { name: first.invariant, status: "fail", message: `${first.code}: ${more} more`, hint: null }];
}

function describePlace(place: Violation["place"]): string {
  return Object.entries(place)
    .filter(([name, value]) => name !== "file" && value !== "")
    .map(([name, value]) => `${name === "ordinal" ? "step" : name} ${value}`)
    .join(", ");
}
