import type { AssetKey } from "../../values/asset-key.ts";
import { unpartitioned, type PartitionKey } from "../../values/partitions/partition-key.ts";
import type { Cut, CutInput, CutLeg } from "./cut.ts";
import { hasPassed } from "./find-open-legs.ts";
import { findSkews, type DescendingLeg, type Skew } from "./find-skews.ts";

/** What is to be joined. */
export interface AlignmentFacts {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly legs: readonly AlignmentLeg[];
  /** Form of the merge's keys. @default every leg has it */
  readonly joinKeys?: Cut["joinKeys"];
  /** Epochs that the present schema reads: see `planEpochReading`. @default all */
  readonly readableEpochs?: readonly number[];
  /** End of the partition's window, microseconds as text, when a version must hold all of it. @default a version may be a part of it */
  readonly completeUntil?: string;
}

export interface AlignmentLeg extends DescendingLeg {
  /** Partitions of its inputs that the mapping asks for. @default those in `inputs` */
  readonly needs?: readonly { readonly asset: AssetKey; readonly partition: PartitionKey }[];
  /** Form in which its batches' keys were sealed. @default the merge's */
  readonly joinKeys?: Cut["joinKeys"];
  /** Epochs of its batches. */
  readonly epochs?: readonly number[];
  readonly progress?: Pick<CutLeg, "state" | "watermark">;
  /** Inputs that cannot be built on, with why. */
  readonly unusable?: readonly { readonly input: CutInput; readonly why: "staged" | "failed" | "revoked" }[];
}

/** Why a cut cannot be joined. */
export interface AlignmentProblem {
  readonly kind: "partitionMissing" | "windowOpen" | "keysDiffer" | "epochUnreadable" | "skewed" | "inputUnusable";
  readonly code: "MERGE_CUT_MISALIGNED" | "MERGE_CUT_SKEWED";
  readonly branches: readonly string[];
  readonly message: string;
  readonly hint: string;
  /** Of `skewed`. */
  readonly skew?: Skew;
}

/** Everything that is wrong with a cut before it is joined (M24 a-f), in that order. Empty: it is aligned. */
export function checkAlignment(facts: AlignmentFacts): readonly AlignmentProblem[] {
  return [
    ...facts.legs.flatMap((leg) => findMissing(facts, leg)),
    ...facts.legs.flatMap((leg) => findOpenWindow(facts, leg)),
    ...facts.legs.flatMap((leg) => findOtherKeys(facts, leg)),
    ...facts.legs.flatMap((leg) => findUnreadable(facts, leg)),
    ...findSkews(facts.legs).map((skew) => describeSkew(facts, skew)),
    ...facts.legs.flatMap((leg) => findUnusable(facts, leg)),
  ];
}

function findMissing(facts: AlignmentFacts, leg: AlignmentLeg): readonly AlignmentProblem[] {
  const given = new Set(leg.inputs.map(renderPlace));
  const missing = (leg.needs ?? []).map(renderPlace).filter((place) => !given.has(place));
  if (missing.length === 0) return [];
  return [
    misaligned("partitionMissing", leg, {
      message: `${renderPlace(facts)}: branch ${leg.branch} needs ${listSome(missing)}, which ${missing.length === 1 ? "is" : "are"} not there`,
      hint: `Run ${listSome([...new Set((leg.needs ?? []).map(({ asset }) => asset))])} for what is missing.`,
    }),
  ];
}

function findOpenWindow(facts: AlignmentFacts, { branch, progress }: AlignmentLeg): readonly AlignmentProblem[] {
  if (facts.completeUntil === undefined || progress === undefined) return [];
  if (hasPassed(progress, facts.completeUntil)) return [];
  return [
    misaligned(
      "windowOpen",
      { branch },
      {
        message: `${renderPlace(facts)}: branch ${branch} has not passed the end of the window yet`,
        hint: "Wait for what is still to come of it; its source may declare a watermark, or that it has finished.",
      },
    ),
  ];
}

function findOtherKeys({ joinKeys, ...facts }: AlignmentFacts, leg: AlignmentLeg): readonly AlignmentProblem[] {
  if (joinKeys === undefined || leg.joinKeys === undefined || isSameKey(joinKeys, leg.joinKeys)) return [];
  return [
    misaligned("keysDiffer", leg, {
      message: `${renderPlace(facts)}: branch ${leg.branch} has keys of ${renderKeys(leg.joinKeys)}, and the merge compares ${renderKeys(joinKeys)}`,
      hint: "The key of a merge identifies what was delivered before: give the merge with the new key a new name.",
    }),
  ];
}

function findUnreadable({ readableEpochs, ...facts }: AlignmentFacts, leg: AlignmentLeg): readonly AlignmentProblem[] {
  const unreadable = (leg.epochs ?? []).filter((epoch) => readableEpochs?.includes(epoch) === false);
  if (unreadable.length === 0) return [];
  return [
    misaligned("epochUnreadable", leg, {
      message: `${renderPlace(facts)}: branch ${leg.branch} has batches of epoch ${unreadable.join(", ")}, which the present schema cannot read`,
      hint: "Declare the form of that epoch with an upcaster; `watersmeet schema check` says what differs.",
    }),
  ];
}

function describeSkew(facts: AlignmentFacts, skew: Skew): AlignmentProblem {
  const newest = skew.legs.at(-1);
  const older = skew.legs.filter(({ dataDigest }) => dataDigest !== newest?.dataDigest);
  const stale = [...new Set(older.map(({ branch }) => branch))];
  const inputs = facts.legs
    .filter(({ branch }) => stale.includes(branch))
    .flatMap((leg) => leg.inputs.map(({ asset }) => asset));
  const has = skew.legs.map(({ branch, version }) => `${branch} from version ${version}`);
  return {
    kind: "skewed",
    code: "MERGE_CUT_SKEWED",
    branches: [...new Set(skew.legs.map(({ branch }) => branch))],
    message: `${renderPlace(facts)}: its branches come from different versions of ${renderPlace(skew)}: ${has.join(", ")}`,
    hint: `Build the older branch again, ${stale.join(" and ")}: run ${[...new Set(inputs)].map((asset) => `+${asset}`).join(" ")}. It is tried again by itself when that is on its way.`,
    skew,
  };
}

function findUnusable(facts: AlignmentFacts, leg: AlignmentLeg): readonly AlignmentProblem[] {
  return (leg.unusable ?? []).map(({ input, why }) =>
    misaligned("inputUnusable", leg, {
      message: `${renderPlace(facts)}: branch ${leg.branch} reads version ${input.version} of ${renderPlace(input)}, which ${unusableTexts[why]}`,
      hint: `Run ${input.asset} again; the next plan reads what readers see then.`,
    }),
  );
}

const unusableTexts = {
  staged: "is not committed",
  failed: "was refused by its gates",
  revoked: "was taken back",
} as const;

function misaligned(
  kind: AlignmentProblem["kind"],
  { branch }: Pick<AlignmentLeg, "branch">,
  texts: Pick<AlignmentProblem, "message" | "hint">,
): AlignmentProblem {
  return { kind, code: "MERGE_CUT_MISALIGNED", branches: [branch], ...texts };
}

function isSameKey(a: Cut["joinKeys"], b: Cut["joinKeys"]): boolean {
  return (
    a.form === b.form && a.columns.length === b.columns.length && a.columns.every((name, at) => name === b.columns[at])
  );
}

function renderKeys({ columns, form }: Cut["joinKeys"]): string {
  return `${columns.join(", ")} (${form})`;
}

function renderPlace({ asset, partition }: Pick<CutInput, "asset" | "partition">): string {
  return partition === unpartitioned ? asset : `${asset}@${partition}`;
}

const maxListed = 5;

function listSome(names: readonly string[]): string {
  const shown = names.slice(0, maxListed).join(", ");
  return names.length > maxListed ? `${shown} and ${names.length - maxListed} more` : shown;
}
