import { WatersmeetError } from "../errors/watersmeet-error.ts";
import { parseDate, parseTimestamp } from "../schema/instant.ts";
import type { Ctx } from "./context.ts";

/** What the producer of a version declared about the rows to come. */
export interface SourcePromise {
  /** No row of an earlier time comes any more: microseconds since 1970, as text. `null`: nothing was said of it. */
  readonly watermark: string | null;
  /** Nothing comes any more. */
  readonly isFinished: boolean;
}

/** The two functions of a context that promise something, and what they were told; `null`: nothing. */
export function collectPromise(): Pick<Ctx, "watermark" | "finish"> & {
  readonly promised: () => SourcePromise | null;
} {
  let watermark: bigint | null = null;
  let isFinished = false;
  return {
    watermark(time) {
      const micros = readInstant(time);
      if (watermark === null || micros > watermark) watermark = micros;
    },
    finish() {
      isFinished = true;
    },
    promised: () =>
      watermark === null && !isFinished
        ? null
        : { watermark: watermark === null ? null : String(watermark), isFinished },
  };
}

const microsPerDay = 86_400_000_000n;

/** What is passed at run time may be anything. */
function readInstant(time: unknown): bigint {
  const text = typeof time === "string" ? time : "";
  const days = parseDate(text);
  const micros = days === null ? parseTimestamp(text) : BigInt(days) * microsPerDay;
  if (micros !== null) return micros;
  const shown = typeof time === "string" ? JSON.stringify(time) : `a ${time instanceof Date ? "Date" : typeof time}`;
  throw new WatersmeetError("OUTPUT_INVALID", `ctx.watermark was given ${shown}, which is no instant`, {
    hint: 'Give an instant with its zone, "2001-01-31T05:00:00Z", or a day, "2001-01-31". Of a Date: date.toISOString().',
  });
}
