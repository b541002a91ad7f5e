import { compareStrings } from "../../values/compare.ts";
import { fingerprint } from "../../values/fingerprint.ts";
import { stableJson } from "../../values/stable-json.ts";
import type { EpochStep } from "../epoch/epoch.ts";
import type { LatePolicy } from "../late/late-policy.ts";
import type { MergePolicy } from "../policy.ts";
import type { BatchStanding, Cut, CutLeg } from "./cut.ts";
import { findOpenLegs, type WindowEnd } from "./find-open-legs.ts";
import { mergeWatermark } from "./merge-watermark.ts";
import { compareInputs } from "./name-cut.ts";

/** What is known when a cut is made. Legs, inputs and batches in any order. */
export interface CutFacts extends Pick<
  Cut,
  "asset" | "partition" | "codeVersion" | "policyVersion" | "epoch" | "decision"
> {
  readonly keyColumns: readonly string[];
  readonly legs: readonly LegFacts[];
  /** Watermark of the cut that is built on: it does not fall behind it. @default none */
  readonly baseWatermark?: string | null;
  /** End of the partition's window, and which branches have to be past it. @default the partition has none */
  readonly window?: WindowEnd;
}

export interface LegFacts extends Pick<
  CutLeg,
  "branch" | "inputs" | "state" | "watermark" | "gaps" | "isLastGood" | "cadence"
> {
  /** Every batch of the branch that the merge knows in this partition, with its standing to this cut. */
  readonly batches: readonly { readonly batchId: string; readonly epoch: number; readonly standing: BatchStanding }[];
}

/** The cut as a value, its lists in their one order. */
export function buildCut(facts: CutFacts): Cut {
  const { asset, partition, codeVersion, policyVersion, epoch, decision } = facts;
  const legs = facts.legs.map(buildLeg).toSorted((a, b) => compareStrings(a.branch, b.branch));
  return {
    cutVersion: 1,
    asset,
    partition,
    codeVersion,
    policyVersion,
    joinKeys: { columns: facts.keyColumns, form: "key-1" },
    epoch,
    legs,
    decision,
    watermark: neverFall(facts.baseWatermark ?? null, mergeWatermark(legs)),
    ...(facts.window === undefined ? {} : { isComplete: findOpenLegs(legs, facts.window).length === 0 }),
  };
}

/** SHA-256, in hex, over the rules that a merge folds by: its policy, what it does with late rows, and the forms of its schema. */
export function namePolicyVersion(rules: {
  readonly policy: MergePolicy;
  readonly late: LatePolicy | null;
  /** Of the present form: see `hashEpoch`. */
  readonly formHash: string;
  readonly epochs: readonly EpochStep[];
  /** By column with the policy `custom`: the fingerprint of its function. */
  readonly reducers?: Readonly<Record<string, string>>;
}): string {
  const chain = rules.epochs.map(({ hash, upcaster }) => [hash, upcaster]);
  return fingerprint(["policy-1", stableJson([rules.policy, rules.late, rules.formHash, chain, rules.reducers ?? {}])]);
}

function buildLeg({ batches, ...leg }: LegFacts): CutLeg {
  const live = batches.filter(({ standing }) => standing === "live");
  return {
    ...leg,
    inputs: leg.inputs.toSorted(compareInputs),
    batchSet: fingerprint(live.map(({ batchId }) => batchId).toSorted(compareStrings)),
    batches: countStandings(batches),
    epochs: [...new Set(live.map(({ epoch }) => epoch))].toSorted((a, b) => a - b),
  };
}

function countStandings(batches: LegFacts["batches"]): Readonly<Record<BatchStanding, number>> {
  const counts: Record<BatchStanding, number> = { live: 0, superseded: 0, revoked: 0, held: 0, rejected: 0 };
  for (const { standing } of batches) counts[standing] += 1;
  return counts;
}

/** A merge's watermark never falls, except from the end: that all had finished is void when one delivers again. */
function neverFall(base: string | null, now: string | null): string | null {
  if (base === null || base === "infinity") return now;
  if (now === null || now === "infinity") return now ?? base;
  return BigInt(base) > BigInt(now) ? base : now;
}
