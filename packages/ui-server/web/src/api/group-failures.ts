import type { StepDto } from "../../../src/read/run-dto.ts";

export interface FailureGroup {
  readonly asset: string;
  readonly state: "failed" | "blocked";
  readonly partitions: readonly string[];
  readonly class: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly sampleRows: readonly Readonly<Record<string, unknown>>[];
}

/** Steps of one asset that failed for the same reason become one entry, in the order of their first step. */
export function groupFailures(steps: readonly StepDto[]): readonly FailureGroup[] {
  const groups = new Map<string, FailureGroup & { readonly partitions: string[] }>();
  for (const step of steps) {
    if (step.state !== "failed" && step.state !== "blocked") continue;
    const {
      class: kind,
      code,
      message,
      hint,
    } = step.failure ?? {
      class: "permanent",
      code: "INTERNAL",
      message: "The step left no reason",
      hint: null,
    };
    const id = JSON.stringify([step.asset, step.state, kind, code, message]);
    const group = groups.get(id);
    if (group === undefined) {
      const { asset, state, partition } = step;
      groups.set(id, {
        asset,
        state,
        partitions: [partition],
        class: kind,
        code,
        message,
        hint,
        sampleRows: readSamples(step.failure?.details),
      });
    } else {
      group.partitions.push(step.partition);
    }
  }
  return [...groups.values()];
}

/** Gates leave failing rows in `details.checks[].sample`, other data failures in `details.sample`. */
function readSamples(details: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!isRecord(details)) return [];
  const checks = Array.isArray(details["checks"]) ? details["checks"].filter(isRecord) : [];
  return [details["sample"], ...checks.map((check) => check["sample"])]
    .flatMap((sample: unknown) => (Array.isArray(sample) ? sample : []))
    .filter(isRecord)
    .slice(0, 5);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
