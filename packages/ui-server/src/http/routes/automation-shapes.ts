import { z } from "@hono/zod-openapi";
import type { ExplainedStepDto } from "../../read/automation-dto.ts";
import { anyJson } from "../paging.ts";

const kind = z.enum(["condition", "schedule", "sensor"]);

const Pause = z.object({ by: z.string(), reason: z.string(), at: z.iso.datetime() });

/** One step of an evaluation, and the steps that it is made of. */
const ExplainedStep: z.ZodType<ExplainedStepDto> = z
  .lazy(() =>
    z.object({
      says: z.string().openapi({ description: "A sentence about a partition" }),
      asset: z.string().openapi({ description: "Whose partitions are counted" }),
      count: z.int().openapi({ description: "For how many it holds" }),
      of: z.int(),
      detail: z.string().nullable(),
      parts: z.array(ExplainedStep).readonly(),
    }),
  )
  .openapi("ExplainedStep", { type: "object" });

export const AutomationExplanation = z
  .object({
    name: z.string(),
    says: z.string(),
    pause: Pause.nullable(),
    requestedCount: z.int().openapi({ description: "Partitions that the next evaluation requests" }),
    step: ExplainedStep,
  })
  .openapi("AutomationExplanation");

export const Tick = z
  .object({
    id: z.string(),
    name: z.string(),
    kind,
    instant: z.iso.datetime().openapi({ description: "Of a schedule: what the tick is for" }),
    evaluatedAt: z.iso.datetime(),
    outcome: z.enum(["requested", "skipped", "deduplicated", "failed"]),
    missedCount: z.int().openapi({ description: "Ticks before it that were not run" }),
    message: z.string(),
    explanation: ExplainedStep.nullable(),
    requests: z
      .array(
        z.object({
          select: z.string(),
          partitions: z.string().nullable(),
          dedupeKey: z.string().nullable(),
          runId: z.string().nullable(),
          failure: anyJson,
        }),
      )
      .readonly(),
  })
  .openapi("Tick");

export const Automation = z
  .object({
    name: z.string(),
    kind,
    says: z.string().openapi({ example: "eager()" }),
    doc: z.string(),
    select: z.string().nullable(),
    file: z.string(),
    line: z.int(),
    pause: Pause.nullable(),
    evaluatedAt: z.iso.datetime().nullable(),
    nextAt: z.iso
      .datetime()
      .nullable()
      .openapi({ description: "`null`: it is evaluated when something changes, or paused" }),
    failure: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }).nullable(),
    lastTick: Tick.nullable(),
  })
  .openapi("Automation");
