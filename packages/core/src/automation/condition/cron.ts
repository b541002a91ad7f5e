import { WatersmeetError } from "../../errors/watersmeet-error.ts";

/** Which readings of a clock a cron expression names. Lists are ascending. */
export interface Cron {
  readonly text: string;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Whether the hour is written with `*`: then the expression means an interval, and follows elapsed time where clocks change. */
  readonly isEveryHour: boolean;
  /** Months count from 1. */
  readonly months: ReadonlySet<number>;
  /** Whether a day is one that the expression names; days of the week count from 0, Sunday. */
  readonly hasDay: (dayOfMonth: number, dayOfWeek: number) => boolean;
}

/**
 * Reads five fields: minute, hour, day of the month, month, day of the week. A field is `*`, a number, a name (`mon`, `jan`), a range `1-5`, a step over a range `0-30/10` or over all,,
 * or several of these joined by commas; `7` is Sunday too. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` are short for what they say. When both days are
 * given, either of them is enough. Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/crontab.html
 *
 * @throws {AUTOMATION_CRON_INVALID}
 */
export function parseCron(text: string): Cron {
  const fields = (shorthands.get(text.trim()) ?? text.trim()).split(/\s+/);
  const [minute, hour, dayOfMonth, month, dayOfWeek, ...more] = fields;
  if (dayOfWeek === undefined || more.length > 0 || minute === undefined || hour === undefined) {
    throw invalid(text, `it has ${fields.length === 1 && fields[0] === "" ? 0 : fields.length} fields, not five`);
  }
  const daysOfMonth = readField(text, dayOfMonth ?? "", fieldKinds.dayOfMonth);
  const daysOfWeek = readField(text, dayOfWeek, fieldKinds.dayOfWeek).map((day) => day % 7);
  const months = new Set(readField(text, month ?? "", fieldKinds.month));
  const isEither = !isWild(dayOfMonth ?? "") && !isWild(dayOfWeek);
  const cron: Cron = {
    text,
    minutes: readField(text, minute, fieldKinds.minute),
    hours: readField(text, hour, fieldKinds.hour),
    isEveryHour: isWild(hour),
    months,
    hasDay(day, weekday) {
      const isDay = daysOfMonth.includes(day);
      const isWeekday = daysOfWeek.includes(weekday);
      return isEither ? isDay || isWeekday : isDay && isWeekday;
    },
  };
  const firstDay = daysOfMonth[0] ?? 1;
  if (!isEither && ![...months].some((one) => firstDay <= (longestMonths[one - 1] ?? 0))) {
    throw invalid(text, "no month that it names has that day");
  }
  return cron;
}

const shorthands: ReadonlyMap<string, string> = new Map([
  ["@hourly", "0 * * * *"],
  ["@daily", "0 0 * * *"],
  ["@weekly", "0 0 * * 0"],
  ["@monthly", "0 0 1 * *"],
  ["@yearly", "0 0 1 1 *"],
]);

const longestMonths: readonly number[] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

interface FieldKind {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** The first stands for `from`. */
  readonly names: readonly string[];
}

const fieldKinds = {
  minute: { name: "minute", from: 0, to: 59, names: [] },
  hour: { name: "hour", from: 0, to: 23, names: [] },
  dayOfMonth: { name: "day of the month", from: 1, to: 31, names: [] },
  month: {
    name: "month",
    from: 1,
    to: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  dayOfWeek: { name: "day of the week", from: 0, to: 7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
} as const satisfies Record<string, FieldKind>;

function isWild(field: string): boolean {
  return field.startsWith("*");
}

const itemPattern = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/;

function readField(text: string, field: string, kind: FieldKind): readonly number[] {
  const values = new Set<number>();
  for (const item of field.split(",")) {
    const [matched, first, last, step] = itemPattern.exec(item) ?? [];
    if (matched === undefined) throw invalid(text, `"${item}" is no ${kind.name}`);
    const from = first === undefined ? kind.from : readNumber(text, first, kind);
    const end = first === undefined || (step !== undefined && last === undefined) ? kind.to : from;
    const to = last === undefined ? end : readNumber(text, last, kind);
    const by = step === undefined ? 1 : Number(step);
    if (to < from || by < 1) throw invalid(text, `"${item}" is no ${kind.name}`);
    for (let value = from; value <= to; value += by) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function readNumber(text: string, written: string, { name, from, to, names }: FieldKind): number {
  const index = names.indexOf(written.toLowerCase());
  const value = index >= 0 ? index + from : /^\d{1,2}$/.test(written) ? Number(written) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw invalid(text, `"${written}" is no ${name}`);
}

function invalid(text: string, what: string): WatersmeetError {
  return new WatersmeetError("AUTOMATION_CRON_INVALID", `"${text}" is not a cron expression: ${what}`, {
    hint: 'Write minute, hour, day of the month, month and day of the week: "30 2 * * 1-5" is 02:30 from Monday to Friday.',
    details: { cron: text },
  });
}
