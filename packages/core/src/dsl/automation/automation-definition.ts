import type { CatchUp } from "../../automation/condition/catch-up.ts";
import type { SensorContext, SensorAnswer } from "./sensor-context.ts";

/** Runtime brand of schedules and sensors: equal across copies of this package. */
export const automationBrand: unique symbol = Symbol.for("watersmeet.automation") as never;

/** What `schedule` returns. */
export interface ScheduleDefinition {
  readonly [automationBrand]: 1;
  readonly kind: "schedule";
  readonly name: string | null;
  /** `null`: the doc comment speaks. */
  readonly description: string | null;
  readonly cron: string;
  readonly timeZone: string;
  readonly select: string;
  /** A partition expression; `null`: all. */
  readonly partitions: string | null;
  /** Whether assets that read no other one and are not cut by time are made again. */
  readonly refresh: boolean;
  readonly force: boolean;
  readonly catchUp: CatchUp;
}

/** What `sensor` returns. */
export interface SensorDefinition {
  readonly [automationBrand]: 1;
  readonly kind: "sensor";
  readonly name: string | null;
  readonly description: string | null;
  /** Milliseconds between two calls. */
  readonly everyMs: number;
  /** Milliseconds that a call may take. */
  readonly timeoutMs: number;
  /** What is run when an answer names no assets of its own. */
  readonly select: string | null;
  readonly fn: (context: SensorContext) => SensorAnswer | Promise<SensorAnswer>;
}

export type AutomationDefinition = ScheduleDefinition | SensorDefinition;

/** Whether a value is a schedule or a sensor, also of another copy of this package. */
export function isAutomationDefinition(value: unknown): value is AutomationDefinition {
  return typeof value === "object" && value !== null && Reflect.get(value, automationBrand) === 1;
}
