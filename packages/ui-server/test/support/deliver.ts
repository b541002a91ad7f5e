import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A row of a feed of the fixture `registries`. */
interface Entry {
  readonly code: string;
  readonly name?: string;
  readonly city?: string;
  readonly updatedAt: string;
  readonly does?: "upsert" | "delete" | "retract";
}

/** Puts the feed's next file into the inbox of a copy of `registries`; the next forced run of the feed reads it. */
export async function deliver(
  directory: string,
  feed: "authority" | "airline",
  { number, entries }: { readonly number: number; readonly entries: readonly Entry[] },
): Promise<void> {
  await writeFile(join(directory, `inbox/${feed}-${number}.json`), JSON.stringify(entries));
}

/** Midnight of a day of March 2026. */
export function march(day: number): string {
  return `2026-03-${String(day).padStart(2, "0")}T00:00:00Z`;
}

/** Two more deliveries of the authority, of which the second comes fifteen days late and is held: `TXL` is called Otto Lilienthal. */
export async function deliverLate(directory: string, readFeed: () => Promise<unknown>): Promise<void> {
  const inTime = { code: "LIS", name: "Humberto Delgado", updatedAt: march(20) };
  await deliver(directory, "authority", { number: 2, entries: [inTime] });
  await readFeed();
  const late = { code: "TXL", name: "Otto Lilienthal", updatedAt: march(5) };
  await deliver(directory, "authority", { number: 3, entries: [late] });
  await readFeed();
}
