import { invariants, type Finding, type Violation } from "@watersmeet/runtime";

/** More of one kind than this are counted, not listed. */
const maxOfOneKind = 5;

/** What is asked of stores, too: of one that could not be opened it is not known. */
const askedOfStores: readonly string[] = ["I1", "I2", "I4", "I10"];

/**
 * One line for each invariant that holds, and a line for each violation of one that does not. `unseen`: names of stores that could not be looked at, since
 * another process has them.
 */
export function describeViolations(
  violations: readonly Violation[],
  unseen: readonly string[] = [],
): readonly Finding[] {
  const byInvariant = Map.groupBy(violations, (each) => each.invariant);
  return Object.entries(invariants).flatMap(([name, sentence]) => {
    const broken = [...byInvariant].find(([invariant]) => invariant === name)?.[1] ?? [];
    if (broken.length === 0)
      return [askedOfStores.includes(name) ? describeSeen(name, sentence, unseen) : ok(name, sentence)];
    return [...Map.groupBy(broken, (each) => each.code).values()].flatMap(describeKind);
  });
}

/** As far as it was looked at: a store that nobody asked is not in order for that. */
function describeSeen(name: string, sentence: string, unseen: readonly string[]): Finding {
  if (unseen.length === 0) return ok(name, sentence);
  return {
    name,
    status: "warn",
    message: `${sentence}: so says the ledger; ${unseen.join(", ")} ${unseen.length === 1 ? "was" : "were"} not looked at`,
    hint: "Stop the process that has the store, and run doctor again.",
  };
}

function ok(name: string, message: string): Finding {
  return { name, status: "ok", message, hint: null };
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
