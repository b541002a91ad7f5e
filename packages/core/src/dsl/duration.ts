import { WatersmeetError } from "../errors/watersmeet-error.ts";

/** A length of time: `500ms`, `30s`, `15m`, `2h`, `7d`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds. @throws {DEFINITION_INVALID} when the text is not a positive duration */
export function parseDuration(text: string): number {
  const [, amount = "0", unit = ""] = pattern.exec(text) ?? [];
  const ms = Math.round(Number(amount) * (unitMs[unit] ?? 0));
  if (ms > 0 && Number.isSafeInteger(ms)) return ms;
  throw new WatersmeetError("DEFINITION_INVALID", `"${text}" is not a duration`, {
    hint: "Write a number and a unit: 500ms, 30s, 15m, 2h, 7d",
  });
}
