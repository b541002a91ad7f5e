import { describe, expect, test } from "vitest";
import { laws, type FoldSet } from "../../test/merge/law-suite.ts";
import type { Contribution } from "./contribution/contribution.ts";
import { encodeToken } from "./contribution/token.ts";
import { fold, foldRules, foldWith, type FoldRules } from "./fold/fold.ts";

const using =
  (rules: Partial<FoldRules>): FoldSet =>
  (spec, contributions) =>
    foldWith({ ...foldRules, ...rules }, spec, contributions);

/** Bugs, planted one by one, by their number in the merge reference's list where they have one. */
const mutants: Readonly<Record<string, FoldSet>> = {
  "1: the token has no value hash": using({
    token: (order, parts) => encodeToken(order, { ...parts, valueHash: Buffer.alloc(0) }),
  }),
  "2: arrival breaks ties": (spec, contributions) =>
    fold(
      spec,
      contributions.map((contribution, index) => ({ ...contribution, ordinal: BigInt(index) })),
    ),
  "3: a delete does not mask what is exactly as late": using({
    token: (order, parts) => encodeToken(order, { ...parts, operation: "upsert", valueHash: Buffer.alloc(0) }),
    isMasked: (token, clock) => Buffer.compare(token, clock) < 0,
  }),
  "4: absent is null": using({ hasCell: () => true }),
  "5: null loses against any value": using({
    hasCell: (contribution, column) => (contribution.cells[column] ?? null) !== null,
  }),
  "6: a tombstone is forgotten once applied": (spec, contributions) => fold(spec, applyDeletesAtOnce(contributions)),
  "7: batches behind the greatest sequence are skipped": (spec, contributions) =>
    fold(spec, dropBehindHighWater(contributions)),
  "10: keys are joined with a delimiter": using({
    keyBytes: (columns, key) => Buffer.from(columns.map(({ name }) => String(key[name])).join("|")),
  }),
  "23: sources are compared in UTF-16": using({
    token: (order, parts) =>
      encodeToken(order, {
        ...parts,
        source: Buffer.from(parts.source, "utf16le").swap16().toString("hex").padEnd(12, "0"),
      }),
  }),
  "24: times are cut to milliseconds": (spec, contributions) =>
    fold(
      spec,
      contributions.map((contribution) => ({ ...contribution, eventTimeUs: (contribution.eventTimeUs ?? 0n) / 1000n })),
    ),
  "27: ranks are those of the day of delivery": (spec, contributions) =>
    fold({ ...spec, policy: { ...spec.policy, trust: { crm: 3, erp: 2, web: 1 } } }, contributions),
  "priority is ignored": using({ token: (_, parts) => encodeToken("recencyFirst", parts) }),
  "a retract masks every source": (spec, contributions) =>
    fold(
      spec,
      contributions.map((contribution) =>
        contribution.operation === "retract" ? { ...contribution, operation: "delete" } : contribution,
      ),
    ),
  "duplicates are dropped without being counted": (spec, contributions) => {
    const folded = fold(spec, contributions);
    return {
      ...folded,
      fates: folded.fates.filter((fate) => fate !== "duplicate"),
      counts: { ...folded.counts, duplicate: 0 },
    };
  },
};

describe("a planted bug breaks a law", () => {
  for (const [name, mutant] of Object.entries(mutants)) {
    test(name, () => {
      const isCaught = Object.values(laws).some((law) => !holds(() => law.check(mutant)));
      expect(isCaught).toBe(true);
    });
  }
});

function holds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

function applyDeletesAtOnce(contributions: readonly Contribution[]): readonly Contribution[] {
  let kept: readonly Contribution[] = [];
  for (const contribution of contributions) {
    const isGone = (other: Contribution) =>
      JSON.stringify(other.key, bigintText) === JSON.stringify(contribution.key, bigintText) &&
      (other.eventTimeUs ?? 0n) <= (contribution.eventTimeUs ?? 0n);
    kept = contribution.operation === "delete" ? kept.filter((other) => !isGone(other)) : [...kept, contribution];
  }
  return kept;
}

function dropBehindHighWater(contributions: readonly Contribution[]): readonly Contribution[] {
  const highWater = new Map<string, bigint>();
  return contributions.filter(({ source, batchSequence }) => {
    const isBehind = batchSequence < (highWater.get(source) ?? batchSequence);
    if (!isBehind) highWater.set(source, batchSequence);
    return !isBehind;
  });
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
