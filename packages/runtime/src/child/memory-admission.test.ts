import { expect, test } from "vitest";
import { createMemoryAdmission } from "./memory-admission.ts";

test("work starts beside others while what each has needed before fits together", () => {
  const memory = createMemoryAdmission({ budgetBytes: 1000, unknownBytes: 100 });
  memory.started("hog");
  memory.ended("hog", 700);
  memory.started("hog");
  expect(memory.mayStart("small")).toBe(true);
  memory.started("small");
  memory.started("small");
  expect(memory.mayStart("hog")).toBe(false);
  expect(memory.mayStart("small")).toBe(true);
  memory.ended("hog", 700);
  expect(memory.mayStart("hog")).toBe(true);
});

test("what needs more than there is runs alone, not never", () => {
  const memory = createMemoryAdmission({ budgetBytes: 1000, unknownBytes: 100 });
  memory.started("giant");
  memory.ended("giant", 5000);
  expect(memory.mayStart("giant")).toBe(true);
  memory.started("small");
  expect(memory.mayStart("giant")).toBe(false);
});

test("a need that was an exception is forgotten little by little", () => {
  const memory = createMemoryAdmission({ budgetBytes: 1000, unknownBytes: 100 });
  for (const peak of [900, ...Array.from({ length: 20 }, () => 200)]) {
    memory.started("varies");
    memory.ended("varies", peak);
  }
  memory.started("varies");
  expect(memory.mayStart("varies")).toBe(true);
});
