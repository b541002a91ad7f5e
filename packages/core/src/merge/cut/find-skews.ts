import type { AssetKey } from "../../values/asset-key.ts";
import { compareStrings } from "../../values/compare.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import type { CutInput } from "./cut.ts";

/** A version and what it was made from. */
export interface Descent extends CutInput {
  readonly madeFrom: readonly CutInput[];
}

/** A branch, what it reads, and what that comes from. */
export interface DescendingLeg {
  readonly branch: string;
  readonly inputs: readonly CutInput[];
  /**
   * The inputs and all that they come from, as far back as is known; of each *every* version that has the same content (data digest), since what was read may have been made again from
   * newer inputs with the same result, and is not made once more for that. What has no entry counts as coming from nothing.
   */
  readonly ancestry: readonly Descent[];
}

/** A shared ancestor of which two legs have different content. */
export interface Skew {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  /** What each leg that descends from it has of it; by version, the oldest first. */
  readonly legs: readonly { readonly branch: string; readonly version: number; readonly dataDigest: string }[];
}

/**
 * Shared ancestors that legs have in different versions (M24e, diamond consistency), the nearest to the merge first. Versions of equal content are one: no difference went
 * through them. Where one content was made several times from different inputs, the legs are consistent when there is a choice of one making for each content under which no two differ.
 * The search for it ends after a while: then a skew may be found where there is none, never the other way round.
 */
export function findSkews(legs: readonly DescendingLeg[]): readonly Skew[] {
  const makings = listMakings(legs);
  if (hasConsistentChoice(startWalk(legs, makings))) return [];
  const walk = startWalk(legs, makings);
  for (const ref of walk.open) choose(walk, ref, makings.get(contentOf(ref))?.[0]);
  return [...walk.reached.values()].flatMap((contents) => describeSkew(legs, contents) ?? []);
}

/** One way in which a content was made. */
interface Making {
  readonly version: number;
  readonly madeFrom: readonly CutInput[];
}

/** By content: ways that differ in the content of what they read, the newest first. */
type Makings = ReadonlyMap<string, readonly Making[]>;

/** A content, and the legs that descend from it, by position, with the version that each has met. */
interface Reached {
  readonly ref: CutInput;
  readonly legs: Map<number, number>;
}

interface Walk {
  readonly makings: Makings;
  /** By place (asset and partition), then by data digest; the nearest to the merge first. */
  readonly reached: Map<string, Map<string, Reached>>;
  readonly chosen: Map<string, Making>;
  /** What is reached and was made in several ways, as it was met. */
  readonly open: CutInput[];
  /** How often a leg was led to a place of which another leg has another content. */
  conflicts: number;
  /** Takes back what was done, the last first. */
  readonly undo: (() => void)[];
}

function listMakings(legs: readonly DescendingLeg[]): Makings {
  const versions = legs.flatMap(({ ancestry }) => ancestry).toSorted((a, b) => a.version - b.version);
  return new Map(
    [...Map.groupBy(versions, contentOf)].map(([content, made]) => {
      const distinct = new Map(made.map((each) => [setOfContents(each.madeFrom), each]));
      return [content, [...distinct.values()].toSorted((a, b) => b.version - a.version)];
    }),
  );
}

function startWalk(legs: readonly DescendingLeg[], makings: Makings): Walk {
  const walk: Walk = { makings, reached: new Map(), chosen: new Map(), open: [], conflicts: 0, undo: [] };
  legs.forEach(({ inputs }, leg) => reach(walk, inputs, leg));
  return walk;
}

const maxTries = 10_000;

/** Tries the makings of each content, the newest first, and goes back when two legs differ. */
function hasConsistentChoice(walk: Walk): boolean {
  const frames: { readonly at: number; readonly ref: CutInput; readonly since: number; next: number }[] = [];
  let isSound = walk.conflicts === 0;
  for (let tries = 0; tries < maxTries; tries += 1) {
    if (isSound) {
      const undecided = findUndecided(walk, (frames.at(-1)?.at ?? -1) + 1);
      if (undecided === null) return true;
      frames.push({ ...undecided, since: walk.undo.length, next: 0 });
    }
    const frame = frames.at(-1);
    if (frame === undefined) return false;
    while (walk.undo.length > frame.since) walk.undo.pop()?.();
    const way = walk.makings.get(contentOf(frame.ref))?.[frame.next];
    frame.next += 1;
    if (way === undefined) frames.pop();
    else choose(walk, frame.ref, way);
    isSound = way !== undefined && walk.conflicts === 0;
  }
  return false;
}

function findUndecided({ open, chosen }: Walk, from: number): { readonly at: number; readonly ref: CutInput } | null {
  for (let at = from; at < open.length; at += 1) {
    const ref = open[at];
    if (ref !== undefined && !chosen.has(contentOf(ref))) return { at, ref };
  }
  return null;
}

function choose(walk: Walk, ref: CutInput, way: Making | undefined): void {
  const content = contentOf(ref);
  if (way === undefined || walk.chosen.has(content)) return;
  walk.chosen.set(content, way);
  walk.undo.push(() => walk.chosen.delete(content));
  const legs = walk.reached.get(placeOf(ref))?.get(ref.dataDigest)?.legs.keys() ?? [];
  for (const leg of legs) reach(walk, way.madeFrom, leg);
}

/** Marks what a leg has, and all that it comes from as far as that is decided. */
function reach(walk: Walk, inputs: readonly CutInput[], leg: number): void {
  const queue = [...inputs];
  for (const ref of queue) if (mark(walk, ref, leg)) queue.push(...madeFromOf(walk, ref));
}

/** Whether the leg had not been there yet. */
function mark(walk: Walk, ref: CutInput, leg: number): boolean {
  const contents = walk.reached.get(placeOf(ref)) ?? new Map<string, Reached>();
  const content = contents.get(ref.dataDigest) ?? { ref, legs: new Map<number, number>() };
  if (content.legs.has(leg)) return false;
  const isConflict = [...contents.values()].some(
    (other) => other !== content && [...other.legs.keys()].some((one) => one !== leg),
  );
  walk.reached.set(placeOf(ref), contents.set(ref.dataDigest, content));
  content.legs.set(leg, ref.version);
  walk.conflicts += isConflict ? 1 : 0;
  walk.undo.push(() => {
    content.legs.delete(leg);
    walk.conflicts -= isConflict ? 1 : 0;
  });
  return true;
}

function madeFromOf(walk: Walk, ref: CutInput): readonly CutInput[] {
  const ways = walk.makings.get(contentOf(ref)) ?? [];
  if (ways.length <= 1) return ways[0]?.madeFrom ?? [];
  const way = walk.chosen.get(contentOf(ref));
  if (way === undefined) {
    walk.open.push(ref);
    walk.undo.push(() => walk.open.pop());
  }
  return way?.madeFrom ?? [];
}

function describeSkew(legs: readonly DescendingLeg[], contents: ReadonlyMap<string, Reached>): Skew | null {
  const found = [...contents.values()].flatMap(({ ref, legs: versions }) =>
    [...versions].map(([leg, version]) => ({ leg, version, branch: legs[leg]?.branch ?? "", ref })),
  );
  const [first] = found;
  if (
    first === undefined ||
    new Set(found.map(({ ref }) => ref.dataDigest)).size === 1 ||
    new Set(found.map(({ leg }) => leg)).size === 1
  )
    return null;
  const { asset, partition } = first.ref;
  const oldestFirst = found.toSorted((a, b) => a.version - b.version || compareStrings(a.branch, b.branch));
  return {
    asset,
    partition,
    legs: oldestFirst.map(({ branch, version, ref }) => ({ branch, version, dataDigest: ref.dataDigest })),
  };
}

function placeOf({ asset, partition }: CutInput): string {
  return JSON.stringify([asset, partition]);
}

function contentOf({ asset, partition, dataDigest }: CutInput): string {
  return JSON.stringify([asset, partition, dataDigest]);
}

function setOfContents(inputs: readonly CutInput[]): string {
  return JSON.stringify(inputs.map(contentOf).toSorted(compareStrings));
}
