import { rm } from "node:fs/promises";
import { findLeftStaging } from "../files/find-left-files.ts";
import type { Repair } from "./repair-ledger.ts";

/** Removes the folders of processes that are gone. */
export async function removeLeftStaging(stateDirectory: string): Promise<readonly Repair[]> {
  const left = await findLeftStaging(stateDirectory);
  for (const { place } of left) if (place.file !== undefined) await rm(place.file, { recursive: true, force: true });
  return left.map(({ place }) => ({ kind: "staging", message: `${place.file} was removed` }));
}
