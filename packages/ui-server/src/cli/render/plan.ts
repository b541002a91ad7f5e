import { explainPlan, type Plan } from "@watersmeet/core/plan";
import type { Style } from "./style.ts";

/** The plan's own words, with the names of assets standing out. */
export function renderPlan(plan: Plan, style: Style): string {
  const assets = new Set<string>(plan.assets.map(({ asset }) => asset));
  return explainPlan(plan)
    .map((line) => (assets.has(line) ? style.bold(line) : line))
    .join("\n");
}
