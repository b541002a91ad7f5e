import { isAutomationDefinition, type SensorContext, type SensorDefinition } from "@watersmeet/core";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { Json } from "@watersmeet/core/values";
import { z } from "zod";
import { findSecret } from "../call/find-secret.ts";
import type { Desk } from "../desk.ts";
import { importModule } from "../find-definition.ts";
import type { AssetAddress, ChildResult, ChildWork, SensedRun } from "../protocol.ts";

/** Calls a sensor's function and gives its answer in a form that can be recorded. @throws {SENSOR_RESULT_INVALID} @throws {MODULE_LOAD_FAILED} */
export async function handleSensorCall(
  { sensor, call }: Extract<ChildWork, { readonly kind: "sense" }>,
  desk: Desk,
): Promise<ChildResult> {
  const { fn } = await findSensor(sensor, desk);
  const { reporter } = desk;
  const context: SensorContext = {
    cursor: call.cursor?.value,
    lastCalledAt: call.lastCalledAt,
    now: call.now,
    signal: desk.signal,
    log: {
      debug: (message, fields = {}) => reporter.log("debug", message, fields),
      info: (message, fields = {}) => reporter.log("info", message, fields),
      warn: (message, fields = {}) => reporter.log("warn", message, fields),
      error: (message, fields = {}) => reporter.log("error", message, fields),
    },
    secret: (name) => findSecret(name, process.env),
  };
  return readAnswer(sensor.key, await fn(context));
}

async function findSensor({ key, file, exportPath }: AssetAddress, { modules }: Desk): Promise<SensorDefinition> {
  let found: unknown = await importModule(file, modules);
  for (const name of exportPath)
    found = found !== null && typeof found === "object" ? Reflect.get(found, name) : undefined;
  if (isAutomationDefinition(found) && found.kind === "sensor") return found;
  throw new WatersmeetError(
    "MODULE_LOAD_FAILED",
    `${file} has no sensor at export ${exportPath.join(".")}, where "${key}" should be`,
    { hint: "Export what sensor() returned." },
  );
}

const answerSchema = z
  .strictObject({
    runs: z
      .array(
        z.strictObject({
          key: z.string().min(1).max(500).optional(),
          select: z.string().min(1).optional(),
          partitions: z.string().min(1).optional(),
          force: z.boolean().optional(),
        }),
      )
      .optional(),
    cursor: z.json().optional(),
    skip: z.string().optional(),
  })
  .nullish();

/** What the author's code returns may be anything. */
function readAnswer(name: string, answer: unknown): ChildResult {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`);
    throw new WatersmeetError("SENSOR_RESULT_INVALID", `the sensor ${name} returned no answer: ${faults.join("; ")}`, {
      hint: "Return { runs: [{ key, partitions }], cursor }, or {} when there is nothing to do.",
    });
  }
  const { runs = [], cursor, skip = null } = parsed.data ?? {};
  const sensed = runs.map(({ key = null, select = null, partitions = null, force = false }): SensedRun => ({
    key,
    select,
    partitions,
    force,
  }));
  const json: Json | undefined = cursor;
  return { kind: "sensed", runs: sensed, skip, ...(json === undefined ? {} : { cursor: json }) };
}
