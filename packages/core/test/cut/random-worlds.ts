import fc from "fast-check";
import type { CutInput } from "../../src/merge/cut/cut.ts";
import type { Descent, DescendingLeg } from "../../src/merge/cut/find-skews.ts";
import { fingerprint, parseAssetKey, unpartitioned } from "../../src/values/index.ts";

/** An asset, by position; it reads only assets before it. */
interface WorldAsset {
  readonly reads: readonly number[];
  /** Whether different inputs always give different rows. When not, most of what changes upstream goes no further. */
  readonly isSharp: boolean;
}

/** Assets, in what order they are made again, and which of them a merge joins. */
export interface World {
  readonly assets: readonly WorldAsset[];
  /** What is made, one after the other; `seed` is what a source finds. */
  readonly makings: readonly { readonly asset: number; readonly seed: number }[];
  readonly legs: readonly (readonly number[])[];
}

/** What a world has come to: every version ever made, and those that readers see. */
export interface Made {
  readonly versions: readonly Descent[];
  readonly heads: ReadonlyMap<number, Descent>;
}

/** Small graphs with diamonds in them, made again in any order and from content that comes back. */
export function worlds(): fc.Arbitrary<World> {
  return fc.integer({ min: 3, max: 7 }).chain((count) =>
    fc.record({
      assets: fc.tuple(...Array.from({ length: count }, (_, index) => worldAssets(index))),
      makings: fc.array(fc.record({ asset: fc.nat({ max: count - 1 }), seed: fc.nat({ max: 2 }) }), {
        minLength: count,
        maxLength: 4 * count,
      }),
      legs: fc.array(fc.uniqueArray(fc.nat({ max: count - 1 }), { minLength: 1, maxLength: 2 }), {
        minLength: 2,
        maxLength: 3,
      }),
    }),
  );
}

function worldAssets(index: number): fc.Arbitrary<WorldAsset> {
  const reads = index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat({ max: index - 1 }), { maxLength: 2 });
  return fc.record({ reads, isSharp: fc.boolean() });
}

/** Each making reads what readers see then. The same work from the same content is the same version, which readers see again. */
export function makeWorld(world: World): Made {
  const made = { versions: [] as Descent[], heads: new Map<number, Descent>() };
  const first = world.assets.map((_, asset) => ({ asset, seed: 0 }));
  for (const making of [...first, ...world.makings]) makeAsset(world, made, making);
  return made;
}

/** Makes everything whose inputs have another content than it was made from, until nothing has: what a run of all that is stale does. */
export function makeStale(world: World, { versions, heads }: Made): Made {
  const made = { versions: [...versions], heads: new Map(heads) };
  world.assets.forEach((_, asset) => {
    const head = made.heads.get(asset);
    const isStale = world.assets[asset]?.reads.some((read) => {
      const was = head?.madeFrom.find((input) => input.asset === assetKeyOf(read));
      return was?.dataDigest !== made.heads.get(read)?.dataDigest;
    });
    if (isStale === true) makeAsset(world, made, { asset, seed: 0 });
  });
  return made;
}

/** The legs as a merge would pin them: what readers see. */
export function pinHeads(world: World, made: Made): readonly DescendingLeg[] {
  return world.legs.map((assets, index) => ({
    branch: `b${index}`,
    inputs: assets.flatMap((asset) => made.heads.get(asset) ?? []).map(withoutDescent),
    ancestry: made.versions,
  }));
}

interface Making {
  readonly asset: number;
  readonly seed: number;
}

function makeAsset(
  world: World,
  made: { versions: Descent[]; heads: Map<number, Descent> },
  { asset, seed }: Making,
): void {
  const { reads = [], isSharp = true } = world.assets[asset] ?? {};
  const madeFrom = reads.flatMap((read) => made.heads.get(read) ?? []).map(withoutDescent);
  const contents = madeFrom.map(({ dataDigest }) => dataDigest);
  const dataDigest = reads.length === 0 ? `seed ${seed}` : contentOf(asset, contents, isSharp);
  const commitId = fingerprint([String(asset), dataDigest, ...contents]);
  const known = made.versions.find((version) => version.commitId === commitId);
  const version = made.versions.filter((other) => other.asset === assetKeyOf(asset)).length + 1;
  const head = known ?? { asset: assetKeyOf(asset), partition: unpartitioned, version, commitId, dataDigest, madeFrom };
  if (known === undefined) made.versions.push(head);
  made.heads.set(asset, head);
}

function contentOf(asset: number, inputs: readonly string[], isSharp: boolean): string {
  const full = fingerprint([String(asset), ...inputs]);
  return isSharp ? full : `coarse ${Number.parseInt(full.slice(0, 4), 16) % 2}`;
}

function withoutDescent({ asset, partition, version, commitId, dataDigest }: Descent): CutInput {
  return { asset, partition, version, commitId, dataDigest };
}

function assetKeyOf(index: number): CutInput["asset"] {
  return parseAssetKey(`asset${index}`);
}

/**
 * Whether a cut is skewed, by brute force: in every way in which the contents can have been made, two legs descend from different contents of one asset. Ways are all combinations of
 * one making for each content.
 */
export function isSkewedByForce(legs: readonly DescendingLeg[]): boolean {
  const versions = legs.flatMap(({ ancestry }) => ancestry);
  const byContent = Map.groupBy(versions, nameContent);
  const ways = [...byContent].map(([content, makings]) => {
    const distinct = new Map(makings.map((making) => [making.madeFrom.map(nameContent).join(), making]));
    return { content, makings: [...distinct.values()] };
  });
  return !someCombination(ways, new Map(), (chosen) => !isSkewedUnder(legs, chosen));
}

type Chosen = Map<string, Descent>;

function someCombination(
  ways: readonly { readonly content: string; readonly makings: readonly Descent[] }[],
  chosen: Chosen,
  test: (chosen: Chosen) => boolean,
): boolean {
  const [first, ...rest] = ways;
  if (first === undefined) return test(chosen);
  return first.makings.some((making) => someCombination(rest, new Map(chosen).set(first.content, making), test));
}

function isSkewedUnder(legs: readonly DescendingLeg[], chosen: Chosen): boolean {
  const descents = legs.map(({ inputs }) => inputs.flatMap((input) => descend(input, chosen)));
  return descents.some((mine, leg) =>
    descents
      .slice(leg + 1)
      .some((theirs) => mine.some((a) => theirs.some((b) => a.asset === b.asset && a.dataDigest !== b.dataDigest))),
  );
}

function descend(input: CutInput, chosen: Chosen): readonly CutInput[] {
  const making = chosen.get(nameContent(input));
  return [input, ...(making?.madeFrom ?? []).flatMap((each) => descend(each, chosen))];
}

function nameContent({ asset, dataDigest }: CutInput): string {
  return `${asset} ${dataDigest}`;
}
