import type { MaybePromise } from "../asset.ts";
import { invalid } from "../define.ts";
import { parseDuration, type Duration } from "../duration.ts";
import { automationBrand, type SensorDefinition } from "./automation-definition.ts";
import { requireName } from "./schedule.ts";
import type { SensorAnswer, SensorContext } from "./sensor-context.ts";

export interface SensorOptions {
  /** How long after one call the next one is. @default "30s" */
  readonly every?: Duration;
  /** What a run is of that names no assets of its own, in the selection grammar. */
  readonly select?: string;
  /** A call that takes longer is ended, and leaves nothing behind. @default "1m" */
  readonly timeout?: Duration;
  /** The sensor's name, as a literal. @default the export's name */
  readonly name?: string;
  /** @default the first paragraph of the doc comment */
  readonly description?: string;
}

/**
 * Looks at the world again and again, in a process of its own, and says what is to be run.
 *
 *     export const inbox = sensor({ every: "15s", select: "orders+" }, async ({ cursor, signal }) => {
 *       const files = await listFiles({ after: cursor, signal });
 *       return { runs: files.map((file) => ({ key: file.name, partitions: file.day, force: true })), cursor: files.at(-1)?.name };
 *     });
 *
 * @throws {DEFINITION_INVALID} when an option cannot be
 */
export function sensor(
  options: SensorOptions,
  fn: (context: SensorContext) => MaybePromise<SensorAnswer>,
): SensorDefinition {
  requireName(options.name, "sensor");
  if (typeof fn !== "function")
    throw invalid(
      "sensor() needs a function as its second argument",
      "Write sensor({ … }, async ({ cursor }) => ({ runs: [] }))",
    );
  const definition: SensorDefinition = {
    [automationBrand]: 1,
    kind: "sensor",
    name: options.name ?? null,
    description: options.description ?? null,
    everyMs: parseDuration(options.every ?? "30s"),
    timeoutMs: parseDuration(options.timeout ?? "1m"),
    select: options.select ?? null,
    fn,
  };
  return Object.freeze(definition);
}
