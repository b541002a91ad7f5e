import { z } from "zod";
import type { AutomationState } from "./automation-state.ts";

const range = z.tuple([z.int().nonnegative(), z.int().nonnegative()]).readonly();
const ranges = z.array(range).readonly();

const stateSchema = z.object({
  evaluatedAt: z.iso.datetime(),
  requested: ranges,
  memory: z.record(z.string(), ranges).readonly(),
  watched: z.record(z.string(), z.object({ size: z.int().nonnegative(), version: z.string() })).readonly(),
  isSettled: z.boolean(),
});

/** What an evaluation left behind, from its JSON; `null` when it is of another form: the automation is then evaluated as if for the first time. */
export function readAutomationState(value: unknown): AutomationState | null {
  const parsed = stateSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}
