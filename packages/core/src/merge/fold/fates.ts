/**
 * What became of a contribution. Every one has exactly one:
 *
 * - `winner`: at least one cell, the row's existence or a tombstone in force comes from it
 * - `superseded`: it lost every cell to greater tokens, or its batch to a later generation
 * - `masked`: a delete, or a retract of its source, outlives it
 * - `duplicate`: the same contribution, or its whole batch, was delivered before
 * - `held`: it waits in the holding area
 * - `rejected`: it has no usable key or time, or two rows of its key differ where they must not
 * - `revoked`: its batch was taken back
 */
export type Fate = (typeof fates)[number];

export const fates = ["winner", "superseded", "masked", "duplicate", "held", "rejected", "revoked"] as const;

/** How many contributions met each fate. */
export type FateCounts = Readonly<Record<Fate, number>>;

export function countFates(all: readonly Fate[]): FateCounts {
  const counts = { ...noFates };
  for (const fate of all) counts[fate] += 1;
  return counts;
}

/** The counts of several sets of contributions together. */
export function addFates(...parts: readonly FateCounts[]): FateCounts {
  const sum = { ...noFates };
  for (const part of parts) for (const fate of fates) sum[fate] += part[fate];
  return sum;
}

/** Conservation: how many contributions the counts speak of. It must equal the number delivered. */
export function totalFates(counts: FateCounts): number {
  return fates.reduce((sum, fate) => sum + counts[fate], 0);
}

/** Counts of no contributions. */
export const noFates: FateCounts = {
  winner: 0,
  superseded: 0,
  masked: 0,
  duplicate: 0,
  held: 0,
  rejected: 0,
  revoked: 0,
};
