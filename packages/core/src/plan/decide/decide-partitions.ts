import type { AssetKey } from "../../values/asset-key.ts";
import { hasOrdinal, type OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { StateWord } from "../../values/partitions/partition-expression.ts";
import type { PlannedGroup, PlanRequest, RunReason, SkippedGroup, SkipReason } from "../plan.ts";
import type { RankedSet } from "../ranked-set.ts";
import type { AssetRead, AssetState, PlanningState } from "../state/planning-state.ts";
import { createAssetSets, type AssetSets } from "./asset-sets.ts";
import { assessOrdinals, type OrdinalAssessment } from "./find-stale.ts";
import { groupOrdinals } from "./group-ordinals.ts";

export interface DecideOptions {
  readonly state: PlanningState;
  readonly key: AssetKey;
  /** What is planned of the assets upstream. */
  readonly planned: ReadonlyMap<AssetKey, RankedSet>;
  readonly request: PlanRequest;
  /** Partitions asked for by name. */
  readonly ranges: readonly OrdinalRange[];
  /** Partitions asked for by state. */
  readonly words: ReadonlySet<StateWord>;
}

/** Every partition that was asked for is in one group of one of the two. */
export interface Decisions {
  readonly run: readonly PlannedGroup[];
  readonly skip: readonly SkippedGroup[];
}

type Verdict =
  | { readonly kind: "run"; readonly reason: RunReason }
  | { readonly kind: "skip"; readonly reason: SkipReason };

/** Decides, partition by partition in ascending order, what one asset has to do. */
export function decidePartitions(options: DecideOptions): Decisions {
  const own = options.state.stateOf(options.key);
  const among: readonly OrdinalRange[] = options.words.size > 0 ? [[0, own.space.size]] : options.ranges;
  const verdicts = createVerdicts(options, own);
  const groups = groupOrdinals(among, verdicts.codeOf);
  const run: PlannedGroup[] = [];
  const skip: SkippedGroup[] = [];
  for (const { code, partitions } of groups) {
    const verdict = verdicts.verdictOf(code);
    if (verdict.kind === "run") run.push({ reason: verdict.reason, partitions });
    else skip.push({ reason: verdict.reason, partitions });
  }
  return { run, skip };
}

interface Verdicts {
  /** Called with ascending ordinals. -1: not asked for. */
  readonly codeOf: (ordinal: number) => number;
  readonly verdictOf: (code: number) => Verdict;
}

/** A verdict as a number: what decides, times 65,536, plus the number of the set of inputs or the code of the assessment that goes with it. */
const sets = 65_536;
const cause = { assessed: 0, planned: 1, forced: 2, notMissing: 3, inputMissing: 4, upToDate: 5, pinned: 6 } as const;

function createVerdicts(options: DecideOptions, own: AssetState): Verdicts {
  const { request } = options;
  const assessment = assessOrdinals(options.state, options.key);
  const inputs = createInputs(options, own);
  const wants = createWants(options, own);
  const isForced = request.force === true || (request.refresh === true && isExternal(own));
  const decide = (ordinal: number): number => {
    const code = assessment.codes[ordinal] ?? 0;
    const hasHead = own.heads.has(ordinal);
    if (request.missingOnly === true && hasHead) return cause.notMissing * sets;
    const { kind } = assessment.freshnessOf(code);
    if (kind === "pinned" && request.force !== true) return cause.pinned * sets;
    const isCurrent = kind === "upToDate";
    const planned = isCurrent && !isForced ? inputs.plannedOf(ordinal) : 0;
    if (isCurrent && planned === 0 && !isForced) return cause.upToDate * sets;
    const absent = inputs.missingOf(ordinal);
    if (absent !== 0) return cause.inputMissing * sets + absent;
    if (request.force === true || (isForced && isCurrent)) return cause.forced * sets;
    return isCurrent ? cause.planned * sets + planned : cause.assessed * sets + code;
  };
  return {
    codeOf(ordinal) {
      const code = decide(ordinal);
      if (!wants(ordinal, code)) return -1;
      if (isRun(code)) inputs.addOwn(ordinal);
      return code;
    },
    verdictOf: (code) => describeVerdict(code, assessment, inputs.sets),
  };
}

/** What it is made of lies outside, and no window of time tells that it is finished. */
export function isExternal({ reads, space }: Pick<AssetState, "reads" | "space">): boolean {
  return reads.every(({ isSelf }) => isSelf) && space.dimensions.every(({ time }) => time === null);
}

function isRun(code: number): boolean {
  return code < cause.notMissing * sets;
}

function describeVerdict(code: number, assessment: OrdinalAssessment, assetSets: AssetSets): Verdict {
  const detail = code % sets;
  switch (Math.floor(code / sets)) {
    case cause.planned:
      return { kind: "run", reason: { kind: "inputPlanned", inputs: assetSets.list(detail) } };
    case cause.forced:
      return { kind: "run", reason: { kind: "forced" } };
    case cause.notMissing:
      return { kind: "skip", reason: { kind: "notMissing" } };
    case cause.inputMissing:
      return { kind: "skip", reason: { kind: "inputMissing", inputs: assetSets.list(detail) } };
    case cause.upToDate:
      return { kind: "skip", reason: { kind: "upToDate" } };
    case cause.pinned:
      return { kind: "skip", reason: { kind: "pinned" } };
    default: {
      const freshness = assessment.freshnessOf(detail);
      return { kind: "run", reason: freshness.kind === "stale" ? freshness.reason : { kind: "missing" } };
    }
  }
}

/** Whether a partition was asked for, given what would become of it. */
function createWants(
  { ranges, words, state, key }: DecideOptions,
  own: AssetState,
): (ordinal: number, code: number) => boolean {
  if (words.size === 0) return () => true;
  const failed = words.has("failed") ? state.snapshot.failed.get(key) : undefined;
  return (ordinal, code) => {
    const hasHead = own.heads.has(ordinal);
    if (words.has("missing") && !hasHead) return true;
    if (words.has("stale") && hasHead && isRun(code)) return true;
    const partition = own.keys[ordinal];
    if (failed !== undefined && partition !== undefined && failed.has(partition)) return true;
    return hasOrdinal(ranges, ordinal);
  };
}

interface Inputs {
  readonly sets: AssetSets;
  /** Inputs of which the plan makes something that the partition reads, as a set of assets. */
  plannedOf(ordinal: number): number;
  /** Needed inputs of which something is neither there nor planned. */
  missingOf(ordinal: number): number;
  /** The asset's own partition is planned: later ones may read it. */
  addOwn(ordinal: number): void;
}

function createInputs({ state, planned }: DecideOptions, own: AssetState): Inputs {
  const assetSets = createAssetSets();
  const ownPlanned = new Set<number>();
  const answers = own.reads.map((read) => {
    const upstream = state.stateOf(read.edge.from);
    const availability = read.isSelf
      ? createOwnAvailability(own, ownPlanned)
      : createAvailability(upstream, planned.get(read.edge.from));
    return { from: read.edge.from, ...createAnswers(read, availability) };
  });
  const collect = (test: (answer: (typeof answers)[number]) => boolean): number => {
    let set = 0;
    for (const answer of answers) if (test(answer)) set = assetSets.add(set, answer.from);
    return set;
  };
  const hasSelf = own.reads.some((read) => read.isSelf);
  return {
    sets: assetSets,
    plannedOf: (ordinal) => collect((answer) => answer.isPlanned(ordinal)),
    missingOf: (ordinal) => collect((answer) => answer.isMissing(ordinal)),
    addOwn: (ordinal) => void (hasSelf && ownPlanned.add(ordinal)),
  };
}

/** What can be said of a range of an input's partitions. */
interface Availability {
  readonly countPlanned: (range: OrdinalRange) => number;
  /** There, or planned. */
  readonly countAvailable: (range: OrdinalRange) => number;
}

interface Answers {
  isPlanned(ordinal: number): boolean;
  isMissing(ordinal: number): boolean;
}

function createAnswers({ edge, mapping }: AssetRead, { countPlanned, countAvailable }: Availability): Answers {
  const rangesOf = (ordinal: number): readonly OrdinalRange[] => mapping.toUpstream([ordinal, ordinal + 1]);
  const answers: Answers = {
    isPlanned: (ordinal) => rangesOf(ordinal).some((range) => countPlanned(range) > 0),
    isMissing(ordinal) {
      if (edge.isOptional) return false;
      const ranges = rangesOf(ordinal);
      if (ranges.length === 0) return !mapping.mayBeEmpty;
      return ranges.some((range) => countAvailable(range) < range[1] - range[0]);
    },
  };
  if (!mapping.isConstant) return answers;
  // Answered once for all, unless the input is the asset itself, which is being decided.
  if (edge.from === edge.to) return answers;
  const isPlanned = answers.isPlanned(0);
  const isMissing = answers.isMissing(0);
  return { isPlanned: () => isPlanned, isMissing: () => isMissing };
}

function createAvailability({ heads }: AssetState, planned: RankedSet | undefined): Availability {
  const countPlanned = ([from, to]: OrdinalRange): number =>
    planned === undefined ? 0 : planned.rankOf(to) - planned.rankOf(from);
  let prefix: Uint32Array | undefined;
  const countBefore = (ordinal: number): number => {
    prefix ??= sumUnplannedHeads(heads, planned);
    return prefix[Math.min(ordinal, heads.length)] ?? 0;
  };
  return {
    countPlanned,
    countAvailable: (range) => countPlanned(range) + countBefore(range[1]) - countBefore(range[0]),
  };
}

/** At index n: how many of the first n partitions are there and not planned. */
function sumUnplannedHeads(heads: AssetState["heads"], planned: RankedSet | undefined): Uint32Array {
  const sums = new Uint32Array(heads.length + 1);
  for (let ordinal = 0; ordinal < heads.length; ordinal++) {
    const isCounted = heads.has(ordinal) && !(planned?.has(ordinal) ?? false);
    sums[ordinal + 1] = (sums[ordinal] ?? 0) + (isCounted ? 1 : 0);
  }
  return sums;
}

function createOwnAvailability({ heads }: AssetState, ownPlanned: ReadonlySet<number>): Availability {
  const count = ([from, to]: OrdinalRange, test: (ordinal: number) => boolean): number => {
    let sum = 0;
    for (let ordinal = from; ordinal < to; ordinal++) if (test(ordinal)) sum++;
    return sum;
  };
  return {
    countPlanned: (range) => count(range, (ordinal) => ownPlanned.has(ordinal)),
    countAvailable: (range) => count(range, (ordinal) => ownPlanned.has(ordinal) || heads.has(ordinal)),
  };
}
