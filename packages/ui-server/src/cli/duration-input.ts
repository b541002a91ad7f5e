import { z } from "zod";

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time as people type it, in ms: `30s`, `10m`, `2h`, `1d`; at most 31 days. */
export const durationInput = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhd]$/, "must be a time: 30s, 10m, 2h or 1d")
  .transform((text) => Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? 0))
  .refine((ms) => ms <= 31 * 86_400_000, "must be at most 31 days");
