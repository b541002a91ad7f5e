import { Logger } from "graphile-worker";
import type { Logger as RuntimeLogger } from "../observe/logger.ts";

/** graphile-worker's own lines: warnings and errors to ours, the rest nowhere. */
export function adaptGraphileLogger(logger: RuntimeLogger): Logger {
  return new Logger(() => (level, message) => {
    if (String(level) === "error") logger.warn({ source: "graphile-worker" }, message);
    else if (String(level) === "warning") logger.debug({ source: "graphile-worker" }, message);
  });
}
