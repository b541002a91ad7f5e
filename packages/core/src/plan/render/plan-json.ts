import { WatersmeetError } from "../../errors/watersmeet-error.ts";
import { stableJson } from "../../values/stable-json.ts";
import type { Plan } from "../plan.ts";

/** The one byte form of a plan: equal plans, equal bytes. */
export function renderPlanJson(plan: Plan): string {
  return stableJson(plan);
}

/**
 * Reads what `renderPlanJson` wrote, also with an earlier release.
 *
 * @throws {PLAN_UNREADABLE} when it is no plan, or one of a later release
 */
export function parsePlan(value: unknown): Plan {
  if (isPlan(value)) return value;
  throw new WatersmeetError("PLAN_UNREADABLE", "The stored plan cannot be read", {
    hint: "It was written by another release of Watersmeet, or is damaged. Plan again.",
  });
}

/** Only plans that we wrote ourselves are read: the version stands for the shape. */
function isPlan(value: unknown): value is Plan {
  return (
    typeof value === "object" &&
    value !== null &&
    "planVersion" in value &&
    value.planVersion === 1 &&
    "assets" in value &&
    Array.isArray(value.assets)
  );
}
