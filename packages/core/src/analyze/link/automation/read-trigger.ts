import type { CatchUp } from "../../../automation/condition/catch-up.ts";
import { createCronClock } from "../../../automation/condition/cron-clock.ts";
import { parseDuration } from "../../../dsl/duration.ts";
import { isWatersmeetError } from "../../../errors/watersmeet-error.ts";
import type { ManifestSchedule, ManifestSensor } from "../../../manifest/manifest.ts";
import type { PlacedExpr } from "../heads.ts";
import { report, type Linking } from "../linking.ts";
import { openOptions, reportNotStatic, type OptionReader } from "../read-options.ts";
import { reduceLiteral, reduceMember, reduceValue } from "../reduce-value.ts";
import type { DeclaredTrigger } from "./declared-trigger.ts";

type Placed = "name" | "file" | "exportPath" | "location" | "doc";
type Read<Trigger> = Omit<Trigger, Placed> & { readonly name: string | null; readonly description: string | null };

/** What a schedule's options say statically; `null` when one of them cannot be known or cannot be, which is then reported. */
export function readSchedule(linking: Linking, { call, place }: DeclaredTrigger): Read<ManifestSchedule> | null {
  const reader = openOptions(linking, { expr: call.args[0] ?? call, place });
  if (reader === null) return null;
  const cron = requireText(reader, "cron", 'schedule({ cron: "0 3 * * *", select: "+dailyDelays" })');
  const select = requireText(reader, "select", 'schedule({ cron: "0 3 * * *", select: "+dailyDelays" })');
  const timeZone = reader.text("timeZone") ?? "UTC";
  const catchUp = readCatchUp(reader);
  if (cron === null || select === null || catchUp === null || !isCron(reader, cron, timeZone)) return null;
  return {
    kind: "schedule",
    name: reader.text("name"),
    description: reader.text("description"),
    cron,
    timeZone,
    select,
    partitions: reader.text("partitions"),
    refresh: readFlag(reader, "refresh", true),
    force: readFlag(reader, "force", false),
    catchUp,
  };
}

/** The same of a sensor. */
export function readSensor(linking: Linking, { call, place }: DeclaredTrigger): Read<ManifestSensor> | null {
  const reader = openOptions(linking, { expr: call.args[0] ?? call, place });
  if (reader === null) return null;
  const everyMs = readMs(reader, "every", "30s");
  const timeoutMs = readMs(reader, "timeout", "1m");
  if (everyMs === null || timeoutMs === null) return null;
  return {
    kind: "sensor",
    name: reader.text("name"),
    description: reader.text("description"),
    everyMs,
    timeoutMs,
    select: reader.text("select"),
  };
}

function requireText(reader: OptionReader, name: string, example: string): string | null {
  const text = reader.text(name);
  if (text !== null || reader.member(name) !== null) return text;
  report(reader.linking, {
    code: "ANALYZE_OPTION_MISSING",
    message: `schedule() has no ${name}`,
    hint: `Write ${example}`,
    file: reader.at.place.file,
    at: reader.at.expr.at,
  });
  return null;
}

function isCron(reader: OptionReader, cron: string, timeZone: string): boolean {
  return isSound(reader, "cron", () => createCronClock(cron, timeZone));
}

function readMs(reader: OptionReader, name: string, fallback: string): number | null {
  const text = reader.text(name) ?? fallback;
  return isSound(reader, name, () => parseDuration(text)) ? parseDuration(text) : null;
}

/** Reports what the language would say of an option when the code runs. */
function isSound(reader: OptionReader, name: string, check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (!isWatersmeetError(error)) throw error;
    const { expr, place } = reader.member(name) ?? reader.at;
    const code = error.code === "DEFINITION_INVALID" ? "ANALYZE_AUTOMATION_INVALID" : error.code;
    report(reader.linking, { code, message: error.message, hint: error.hint ?? "", file: place.file, at: expr.at });
    return false;
  }
}

function readFlag(reader: OptionReader, name: string, fallback: boolean): boolean {
  const member = reader.member(name);
  if (member === null) return fallback;
  const value = reduceLiteral(reader.linking, member.expr, member.place);
  if (typeof value === "boolean") return value;
  reportNotStatic(reader.linking, `\`${name}\``, member);
  return fallback;
}

function readCatchUp(reader: OptionReader): CatchUp | null {
  const member = reader.member("catchUp");
  if (member === null) return "last";
  const value = reduceLiteral(reader.linking, member.expr, member.place);
  if (value === "last" || value === "none" || value === "all") return value;
  const max = readMax(reader, member);
  if (max !== null) return { max };
  report(reader.linking, {
    code: "ANALYZE_AUTOMATION_INVALID",
    message: "`catchUp` is none that there is",
    hint: 'Choose "last", "none", "all" or { max: 3 }',
    file: member.place.file,
    at: member.expr.at,
  });
  return null;
}

function readMax({ linking }: OptionReader, { expr, place }: PlacedExpr): number | null {
  const head = reduceValue(linking, expr, place);
  if (head.kind !== "expr" || head.expr.kind !== "object") return null;
  const max = reduceMember(linking, head, "max");
  const value = max.kind === "expr" ? reduceLiteral(linking, max.expr, max.place) : undefined;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1 ? value : null;
}
