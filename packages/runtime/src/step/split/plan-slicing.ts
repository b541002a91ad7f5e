import type { Argument } from "../../child/protocol.ts";
import type { ExchangeFile } from "../../stores/port/staging.ts";
import type { StepWork } from "../step-work.ts";
import type { SliceRecord } from "./split-planner.ts";

/** Which rows are sliced, and how. */
export interface Slicing {
  readonly argument: Extract<Argument, { readonly kind: "rows" }>;
  readonly file: ExchangeFile;
  readonly by: string;
  readonly parts: number;
}

/** Whether the rows of an input are sliced; `null`: the function sees them all at once. It does so too when no plan can be had: the version is the same. */
export async function planSlicing(work: StepWork, given: readonly Argument[]): Promise<Slicing | null> {
  const { splittable: split } = work.asset;
  const argument = given.find(({ position }) => position === split?.position);
  if (split === undefined || argument?.kind !== "rows" || argument.file === null) return null;
  const { file } = argument;
  // One row cannot be in two slices, and a function may give something for none.
  if (file.rowCount < 2) return null;
  const parts = await tolerate(work, () => work.splits?.plan(work.step, { split, rowCount: file.rowCount }));
  return parts === undefined || parts < 2 ? null : { argument, file, by: split.by, parts };
}

/** What the slices took is for whoever looks, and for the next plan. */
export async function tellEnded(work: StepWork, slices: readonly SliceRecord[]): Promise<void> {
  await tolerate(work, () => work.splits?.ended(work.step, slices));
}

/** The ledger may be away: a step goes on without it. */
async function tolerate<T>(work: StepWork, ask: () => Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const message = `how the step is split could not be read or written: ${String(error)}`;
    work.listener.log({ at: new Date().toISOString(), level: "warn", message, fields: {} });
    return undefined;
  }
}
