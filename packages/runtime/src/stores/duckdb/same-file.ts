import { statSync } from "node:fs";
import { WatersmeetError } from "@watersmeet/core/errors";

/**
 * Watches whether a path still leads to the file that is open. An open file that was deleted or renamed goes on taking commits, which nobody will ever find.
 * Asks for the file's number only: opening and closing it would drop DuckDB's lock.
 */
export function watchFile(path: string): { requireSame(): void } {
  const opened = identify(path);
  return {
    requireSame() {
      const now = identify(path);
      if (now === opened) return;
      const what = now === null ? "was deleted or moved away" : "is another file by now";
      throw new WatersmeetError(
        "STORE_GONE",
        `${path} ${what} while it was open; nothing is committed to it any more`,
        {
          hint: "Put the file back where it was and start again, or start again without it: what it held is made anew.",
          details: { path },
        },
      );
    },
  };
}

/** `null`: there is none. */
function identify(path: string): string | null {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
  return facts === undefined ? null : `${facts.dev}/${facts.ino}`;
}
