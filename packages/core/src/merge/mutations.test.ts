import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { laws } from "../../test/merge/law-suite.ts";
import type { FoldSet, MergeParts } from "../../test/merge/law.ts";
import { makeBatchId } from "./batch/batch.ts";
import { sealBatch } from "./batch/seal-batch.ts";
import type { Contribution } from "./contribution/contribution.ts";
import { encodeToken, type TokenParts } from "./contribution/token.ts";
import { cellRules, type Candidate, type CellRule } from "./fold/cell-policies.ts";
import { fold, foldRules, foldWith, type FoldRules } from "./fold/fold.ts";
import type { CellPolicy } from "./policy.ts";

const folding = (foldSet: FoldSet): MergeParts => ({ fold: foldSet, seal: sealBatch });

const using = (rules: Partial<FoldRules>): MergeParts =>
  folding((spec, contributions) => foldWith({ ...foldRules, ...rules }, spec, contributions));

const tokenOf = (change: (parts: TokenParts) => Partial<TokenParts>): MergeParts =>
  using({ token: (order, parts) => encodeToken(order, { ...parts, ...change(parts) }) });

const changing = (change: (contribution: Contribution, index: number) => Contribution): MergeParts =>
  folding((spec, contributions) => fold(spec, contributions.map(change)));

/** A column's policy with another way to look at the values of its candidates, or at the candidates. */
const choosing = (policy: CellPolicy, see: <C>(candidates: readonly Candidate<C>[]) => readonly Candidate<C>[]) =>
  using({ cells: { ...cellRules, [policy]: seeing(cellRules[policy], see) } });

function seeing(rule: CellRule, see: <C>(candidates: readonly Candidate<C>[]) => readonly Candidate<C>[]): CellRule {
  return { ...rule, choose: (candidates, place) => rule.choose(see(candidates), place) };
}

/** Bugs, planted one by one, by their number in the merge reference's list where they have one. */
const mutants: Readonly<Record<string, MergeParts>> = {
  "1: the token has no value hash": tokenOf(() => ({ valueHash: Buffer.alloc(0) })),
  "2: arrival breaks ties": changing((contribution, index) => ({ ...contribution, ordinal: BigInt(index) })),
  "3: a delete does not mask what is exactly as late": using({
    token: (order, parts) => encodeToken(order, { ...parts, operation: "upsert", valueHash: Buffer.alloc(0) }),
    isMasked: (token, clock) => Buffer.compare(token, clock) < 0,
  }),
  "4: absent is null": using({ hasCell: () => true }),
  "5: null loses against any value": using({
    hasCell: (contribution, column) => (contribution.cells[column] ?? null) !== null,
  }),
  "6: a tombstone is forgotten once applied": folding((spec, contributions) =>
    fold(spec, applyDeletesAtOnce(contributions)),
  ),
  "7: batches behind the greatest sequence are skipped": folding((spec, contributions) =>
    fold(spec, dropBehindHighWater(contributions)),
  ),
  "9: the digest of a batch is an exclusive or, in which pairs cancel": { fold, seal: sealByXor },
  "10: keys are joined with a delimiter": using({
    keyBytes: (columns, key) => Buffer.from(columns.map(({ name }) => String(key[name])).join("|")),
  }),
  "17: what comes late is dropped": folding((spec, contributions) => fold(spec, dropLate(contributions))),
  "18: a column that a row does not carry gets a default": changing((contribution) =>
    contribution.operation === "upsert"
      ? { ...contribution, cells: { name: "", email: "", visits: 0, ...contribution.cells } }
      : contribution,
  ),
  "22: sums are made of floats": using({
    cells: {
      ...cellRules,
      sum: {
        ...cellRules.sum,
        choose: (candidates) => ({
          value: candidates.reduce((sum, { value }) => sum + Number(value ?? 0), 0),
          winners: candidates.map(({ contribution }) => contribution),
        }),
      },
    },
  }),
  "23: sources are compared in UTF-16": using({
    token: (order, parts) =>
      encodeToken(order, {
        ...parts,
        source: Buffer.from(parts.source, "utf16le").swap16().toString("hex").padEnd(12, "0"),
      }),
  }),
  "23: texts are compared in UTF-16": using({
    cells: {
      ...cellRules,
      min: {
        ...cellRules.min,
        choose: (candidates, place) =>
          place.column.type.kind === "text" ? leastByUnits(candidates) : cellRules.min.choose(candidates, place),
      },
    },
  }),
  "24: times are cut to milliseconds": changing((contribution) => ({
    ...contribution,
    eventTimeUs: (contribution.eventTimeUs ?? 0n) / 1000n,
  })),
  "25: a sum is what it was and what came": folding((spec, contributions) => {
    const half = Math.ceil(contributions.length / 2);
    const [before, after] = [fold(spec, contributions.slice(0, half)), fold(spec, contributions.slice(half))];
    const whole = fold(spec, contributions);
    const sumOf = ({ rows }: typeof whole, id: unknown) =>
      Number(rows.find(({ row }) => row["id"] === id)?.row["visits"] ?? 0);
    const rows = whole.rows.map((folded) => {
      const { id } = folded.row;
      const isSum = spec.policy.columns["visits"] === "sum" && folded.row["visits"] !== null;
      return isSum ? { ...folded, row: { ...folded.row, visits: sumOf(before, id) + sumOf(after, id) } } : folded;
    });
    return { ...whole, rows };
  }),
  "27: ranks are those of the day of delivery": folding((spec, contributions) =>
    fold({ ...spec, policy: { ...spec.policy, trust: { crm: 3, erp: 2, web: 1 } } }, contributions),
  ),
  "28: trust fades as time passes": folding(fadingTrust()),
  "priority is ignored": using({ token: (_, parts) => encodeToken("recencyFirst", parts) }),
  "times within a distance are equal, instead of in a bucket": folding((spec, contributions) =>
    fold(spec, clusterTimes(spec.policy.toleranceUs ?? 0, contributions)),
  ),
  "a tolerance is not looked at": tokenOf(() => ({ toleranceUs: 0n })),
  "a tolerance takes the exact time away": tokenOf(({ eventTimeUs, toleranceUs }) => ({
    eventTimeUs: eventTimeUs === null || toleranceUs === 0n ? eventTimeUs : eventTimeUs / toleranceUs,
    toleranceUs: 0n,
  })),
  "a retract masks every source": changing((contribution) =>
    contribution.operation === "retract" ? { ...contribution, operation: "delete" } : contribution,
  ),
  "the producer's own sequence is not looked at": tokenOf(() => ({ sequence: 0n })),
  "null is the least value": choosing("min", (candidates) => candidates.filter((_, index) => index === 0)),
  "first is what came first": choosing("first", (candidates) => candidates.slice(0, 1)),
  "a union has the elements in the order of their coming": using({
    cells: {
      ...cellRules,
      setUnion: {
        ...cellRules.setUnion,
        choose: (candidates) => ({
          value: [...new Set(candidates.flatMap(({ value }) => (Array.isArray(value) ? value : [])))],
          winners: candidates.map(({ contribution }) => contribution),
        }),
      },
    },
  }),
  "nulls are counted": using({
    cells: {
      ...cellRules,
      count: {
        ...cellRules.count,
        choose: (candidates) => ({ value: candidates.length, winners: candidates.map((one) => one.contribution) }),
      },
    },
  }),
  "only one of a sum's contributions is a winner": using({
    cells: {
      ...cellRules,
      sum: {
        ...cellRules.sum,
        choose: (candidates, place) => {
          const { value, winners } = cellRules.sum.choose(candidates, place);
          return { value, winners: winners.slice(0, 1) };
        },
      },
    },
  }),
  "equal rows are one row": folding((spec, contributions) =>
    fold(
      spec,
      contributions.map((contribution) => ({ ...contribution, batchId: "", copy: 0 })),
    ),
  ),
  "conflicts are looked for in the whole past": folding((spec, contributions) =>
    fold(
      spec.policy.rows === "keepConflicts" ? { ...spec, policy: { ...spec.policy, rows: "unionAll" } } : spec,
      contributions,
    ),
  ),
  "duplicates are dropped without being counted": folding((spec, contributions) => {
    const folded = fold(spec, contributions);
    return {
      ...folded,
      fates: folded.fates.filter((fate) => fate !== "duplicate"),
      counts: { ...folded.counts, duplicate: 0 },
    };
  }),
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

function sealByXor(...[spec, eventTime, delivered]: Parameters<typeof sealBatch>): ReturnType<typeof sealBatch> {
  const sealing = sealBatch(spec, eventTime, delivered);
  if (sealing.kind !== "sealed") return sealing;
  const sum = Buffer.alloc(32);
  for (const contribution of sealing.batch.contributions) {
    const hash = createHash("sha256")
      .update(JSON.stringify({ ...contribution, copy: 0, batchId: "" }, bigintText))
      .digest();
    for (const [index, byte] of hash.entries()) sum[index] = (sum[index] ?? 0) ^ byte;
  }
  const digest = sum.toString("hex");
  return { ...sealing, batch: { ...sealing.batch, digest, batchId: makeBatchId({ ...delivered, digest }) } };
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

function dropLate(contributions: readonly Contribution[]): readonly Contribution[] {
  let greatest: bigint | null = null;
  return contributions.filter(({ eventTimeUs }) => {
    if (eventTimeUs === null) return true;
    const isLate = greatest !== null && eventTimeUs < greatest;
    if (!isLate) greatest = eventTimeUs;
    return !isLate;
  });
}

function leastByUnits<C>(candidates: readonly Candidate<C>[]) {
  const values = candidates.flatMap(({ value }) => (typeof value === "string" ? [value] : [])).sort();
  const [value = null] = values;
  return {
    value,
    winners: candidates
      .filter((one) => one.value === value)
      .slice(0, value === null ? 0 : 1)
      .map((one) => one.contribution),
  };
}

/** A source's trust is less each time that it is asked for. */
function fadingTrust(): FoldSet {
  let moment = 0;
  return (spec, contributions) => {
    moment += 1;
    const sources = [...new Set(contributions.map(({ source }) => source))].sort();
    const trust = Object.fromEntries(sources.map((source, index) => [source, (index + moment) % sources.length]));
    return fold({ ...spec, policy: { ...spec.policy, trust } }, contributions);
  };
}

/** Each time is that of the earlier one that it is within the tolerance of, in the order of their coming. */
function clusterTimes(toleranceUs: number, contributions: readonly Contribution[]): readonly Contribution[] {
  const centres: bigint[] = [];
  return contributions.map((contribution) => {
    const time = contribution.eventTimeUs;
    if (time === null || toleranceUs === 0) return contribution;
    const isNear = (centre: bigint) => (centre > time ? centre - time : time - centre) <= BigInt(toleranceUs);
    const centre = centres.find(isNear);
    if (centre === undefined) centres.push(time);
    return { ...contribution, eventTimeUs: centre ?? time };
  });
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
