import type { Reporter } from "./channel.ts";
import type { ModuleLoader } from "./module-loader.ts";

/** What a piece of work has at hand in a child. */
export interface Desk {
  readonly modules: ModuleLoader;
  readonly reporter: Reporter;
  /** Aborted when the work is cancelled. */
  readonly signal: AbortSignal;
}
