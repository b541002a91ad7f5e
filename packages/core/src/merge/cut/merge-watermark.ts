import { readWatermark } from "../late/lateness.ts";
import type { CutLeg } from "./cut.ts";

/**
 * The watermark of a merge: the least of its legs' that it has to wait for (M27). Microseconds as text; `null`: not known, because of one leg nothing is; `infinity`: all have finished.
 * A finished leg holds nothing back, nor does one that says it is idle; when all others have finished, the idle ones stand for what they know.
 */
export function mergeWatermark(legs: readonly Pick<CutLeg, "state" | "watermark">[]): string | null {
  const open = legs.filter(({ state }) => state !== "finished");
  if (open.length === 0) return legs.length === 0 ? null : "infinity";
  const waited = open.filter(({ state }) => state !== "idle");
  const watermarks = (waited.length > 0 ? waited : open).map(({ watermark }) => readWatermark(watermark));
  if (watermarks.includes(null)) return null;
  const known = watermarks.filter((us) => typeof us === "bigint");
  return known.length === 0 ? "infinity" : known.reduce((a, b) => (a < b ? a : b)).toString();
}
