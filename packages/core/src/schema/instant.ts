const microsPerSecond = 1_000_000n;

const timestampPattern = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2})$/;

/** Microseconds since 1970 of an ISO-8601 instant with a zone; `null` when the text is none or is finer than microseconds. */
export function parseTimestamp(text: string): bigint | null {
  const match = timestampPattern.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second = "0", fraction = "", zone = "Z"] = match;
  const micros = fraction.slice(0, 6).padEnd(6, "0");
  const days = daysSince1970(Number(year), Number(month), Number(day));
  if (
    days === null ||
    Number(hour) > 23 ||
    Number(minute) > 59 ||
    Number(second) > 59 ||
    /[1-9]/.test(fraction.slice(6))
  )
    return null;
  const seconds = days * 86_400 + Number(hour) * 3_600 + Number(minute) * 60 + Number(second) - offsetSeconds(zone);
  return BigInt(seconds) * microsPerSecond + BigInt(micros);
}

/** `2001-01-31T05:00:00.123456Z`, with the fraction's trailing zeros trimmed; `null` outside the years 0001 to 9999. */
export function renderTimestamp(micros: bigint): string | null {
  const second = micros / microsPerSecond - (micros % microsPerSecond < 0n ? 1n : 0n);
  const fraction = (micros - second * microsPerSecond).toString().padStart(6, "0").replace(/0+$/, "");
  const date = new Date(Number(second) * 1_000);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) return null;
  return `${date.toISOString().slice(0, 19)}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/** Days since 1970 of `2001-01-31`; `null` when there is no such day in the years 0001 to 9999. */
export function parseDate(text: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  return match === null ? null : daysSince1970(Number(match[1]), Number(match[2]), Number(match[3]));
}

function daysSince1970(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isReal =
    year >= 1 && date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isReal ? date.getTime() / 86_400_000 : null;
}

function offsetSeconds(zone: string): number {
  if (zone === "Z") return 0;
  const seconds = Number(zone.slice(1, 3)) * 3_600 + Number(zone.slice(4, 6)) * 60;
  return zone.startsWith("-") ? -seconds : seconds;
}
