import type { CatchUp } from "../../automation/condition/catch-up.ts";
import { createCronClock } from "../../automation/condition/cron-clock.ts";
import { isAssetKey } from "../../values/asset-key.ts";
import { invalid } from "../define.ts";
import { automationBrand, type ScheduleDefinition } from "./automation-definition.ts";

export interface ScheduleOptions {
  /** Minute, hour, day of the month, month, day of the week: `"30 2 * * 1-5"`; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. */
  readonly cron: string;
  /** IANA name of the zone whose clock the expression means. A tick that clocks skip happens at the moment of the change, a repeated one once. @default "UTC" */
  readonly timeZone?: string;
  /** What is run, in the selection grammar: `+dailyDelays`, `tag:nightly`. */
  readonly select: string;
  /** A partition expression, e.g. `latest`; open-ended partitions end at the tick. @default all that are missing or stale */
  readonly partitions?: string;
  /** Whether selected assets that read no other one and are not cut by time are made again, to see whether there is something new. @default true */
  readonly refresh?: boolean;
  /** Whether even what is up to date is made again. @default false */
  readonly force?: boolean;
  /** What becomes of ticks that passed while nothing ran. @default "last" */
  readonly catchUp?: CatchUp;
  /** The schedule's name, as a literal. @default the export's name */
  readonly name?: string;
  /** @default the first paragraph of the doc comment */
  readonly description?: string;
}

/**
 * Runs a selection whenever a clock shows what a cron expression names.
 *
 *     export const nightly = schedule({ cron: "30 2 * * *", timeZone: "Europe/Zurich", select: "+dailyDelays" });
 *
 * Nothing is registered: the export is the schedule.
 * @throws {AUTOMATION_CRON_INVALID} @throws {DEFINITION_INVALID} when another option cannot be
 */
export function schedule(options: ScheduleOptions): ScheduleDefinition {
  const { cron, timeZone = "UTC", select, catchUp = "last" } = options;
  createCronClock(cron, timeZone);
  requireName(options.name, "schedule");
  if (typeof select !== "string" || select.trim() === "")
    throw invalid("schedule() selects nothing", 'Name assets: schedule({ cron, select: "+dailyDelays" })');
  if (!isCatchUp(catchUp))
    throw invalid("schedule() has a catchUp that is none", 'Choose "last", "none", "all" or { max: 3 }');
  const definition: ScheduleDefinition = {
    [automationBrand]: 1,
    kind: "schedule",
    name: options.name ?? null,
    description: options.description ?? null,
    cron,
    timeZone,
    select,
    partitions: options.partitions ?? null,
    refresh: options.refresh ?? true,
    force: options.force ?? false,
    catchUp,
  };
  return Object.freeze(definition);
}

/** @throws {DEFINITION_INVALID} */
export function requireName(name: string | undefined, maker: string): void {
  if (name === undefined || isAssetKey(name)) return;
  throw invalid(`"${name}" cannot be the name of a ${maker}`, "Names are identifiers: nightly, inbox");
}

/** What is passed at run time may be anything. */
function isCatchUp(value: unknown): value is CatchUp {
  if (value === "last" || value === "none" || value === "all") return true;
  if (typeof value !== "object" || value === null || !("max" in value)) return false;
  return Number.isSafeInteger(value.max) && Number(value.max) >= 1;
}
