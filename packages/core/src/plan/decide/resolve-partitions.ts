import type { AssetKey } from "../../values/asset-key.ts";
import { normalizeRanges, type OrdinalRange } from "../../values/ordinal-ranges.ts";
import {
  describeTermFault,
  findTerm,
  parsePartitionExpression,
  type StateWord,
} from "../../values/partitions/partition-expression.ts";
import type { PartitionSpace } from "../../values/partitions/partition-space.ts";
import type { PlanningState } from "../state/planning-state.ts";

/** What a request chooses, before any state is looked at. */
export interface ChosenPartitions {
  /** To be added by state, for every selected asset. */
  readonly words: ReadonlySet<StateWord>;
  readonly ranges: ReadonlyMap<AssetKey, readonly OrdinalRange[]>;
}

/**
 * Looks an expression up in every selected asset. Time is understood by every asset that has time, whatever its grain. An asset without partitions is chosen
 * whole. One whose partitions are written otherwise (regions, when dates were asked for) follows the others: what they read of it, or what reads them.
 *
 * @throws {PARTITION_INVALID} when a term lies wholly inside no selected asset
 */
export function resolvePartitions(state: PlanningState, selected: readonly AssetKey[], text: string): ChosenPartitions {
  const { words, terms } = parsePartitionExpression(text);
  const ranges = new Map<AssetKey, readonly OrdinalRange[]>();
  for (const term of terms) checkTerm(state, selected, term);
  for (const key of selected) {
    const found = findRanges(state.stateOf(key).space, terms);
    if (found !== undefined) ranges.set(key, found);
  }
  if (terms.length > 0) followOthers(state, selected, ranges);
  return { words: new Set(words), ranges };
}

function checkTerm(state: PlanningState, selected: readonly AssetKey[], term: string): void {
  let culprit: AssetKey | undefined;
  let isForeign = true;
  for (const key of selected) {
    const meaning = findTerm(term, state.stateOf(key).space);
    if (meaning.kind === "found" && !meaning.isCut) return;
    if (culprit === undefined || (isForeign && meaning.kind !== "foreign")) {
      culprit = key;
      isForeign = meaning.kind === "foreign";
    }
  }
  if (culprit !== undefined) throw describeTermFault({ asset: culprit, term, space: state.stateOf(culprit).space });
}

/** `undefined` when the space does not understand any of the terms. */
function findRanges(space: PartitionSpace, terms: readonly string[]): readonly OrdinalRange[] | undefined {
  if (space.spec === null) return terms.length === 0 ? [] : [[0, 1]];
  const meanings = terms.map((term) => findTerm(term, space));
  if (meanings.length > 0 && meanings.every((meaning) => meaning.kind === "foreign")) return undefined;
  return normalizeRanges(meanings.flatMap((meaning) => (meaning.kind === "found" ? meaning.ranges : [])));
}

function followOthers(
  state: PlanningState,
  selected: readonly AssetKey[],
  ranges: Map<AssetKey, readonly OrdinalRange[]>,
): void {
  for (const key of [...selected].reverse()) {
    if (ranges.has(key)) continue;
    const readers = (state.graph.downstream.get(key) ?? []).flatMap((edge) => {
      const chosen = ranges.get(edge.to);
      const read = state.stateOf(edge.to).reads.find((one) => one.edge === edge);
      return chosen === undefined || read === undefined
        ? []
        : chosen.flatMap((range) => read.mapping.toUpstream(range));
    });
    if (readers.length > 0) ranges.set(key, normalizeRanges(readers));
  }
  for (const key of selected) {
    if (ranges.has(key)) continue;
    const read = state
      .stateOf(key)
      .reads.flatMap(({ edge, mapping }) =>
        (ranges.get(edge.from) ?? []).flatMap((range) => mapping.toDownstream(range)),
      );
    ranges.set(key, normalizeRanges(read));
  }
}
