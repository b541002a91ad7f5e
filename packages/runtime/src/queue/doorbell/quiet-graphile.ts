import { Logger } from "graphile-worker";
import type { Logger as RuntimeLogger } from "../../observe/logger.ts";

/** graphile-worker's own lines: warnings and errors to ours, the rest nowhere. */
export function adaptGraphileLogger(logger: RuntimeLogger): Logger {
  return new Logger(() => (level, message) => {
    // Its enum, as the text that it is.
    const name: string = level;
    if (name === "error") logger.warn({ source: "graphile-worker" }, message);
    else if (name === "warning") logger.debug({ source: "graphile-worker" }, message);
  });
}
