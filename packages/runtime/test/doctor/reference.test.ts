import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { invariants, violationFacts } from "../../src/doctor/violations.ts";

test("the page of the doctor lists every code with its invariant, and whether it is repaired", async () => {
  const page = await readFile(new URL("../../../../docs/reference/doctor.md", import.meta.url), "utf8");
  const listed = [...page.matchAll(/^\| (I\d+) +\| `([A-Z_]+)` +\| [^|]+ \| *(yes)? *\|$/gm)].map(
    ([, invariant, code, repaired]) => [code, { invariant, isRepaired: repaired === "yes" }],
  );
  const facts = Object.entries(violationFacts).map(([code, { invariant, isRepaired }]) => [
    code,
    { invariant, isRepaired },
  ]);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(facts));
  for (const [name, sentence] of Object.entries(invariants)) expect(page).toContain(`**${name}** ${sentence}.`);
});
