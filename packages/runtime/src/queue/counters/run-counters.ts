import { intersectRanges, listOrdinals, type OrdinalRange } from "@watersmeet/core/values";
import {
  findStepOf,
  getAssetOf,
  getPartitionOf,
  toStepRanges,
  type RunShape,
  type ShapeAsset,
  type ShapeInput,
} from "../shape/run-shape.ts";
import { beginRows, type EndedSteps, type StepRows } from "./step-rows.ts";

/**
 * Who waits for how much in a run, as of one revision of it. A step may run when it waits for no step and its asset for no barrier.
 * Kept in memory, because the same numbers as rows were most of what a step cost: three inputs, three versions of its row.
 */
export interface RunCounters {
  revision: number;
  /** By ordinal: single steps that it waits for. */
  readonly pending: Int32Array;
  /** By position: upstreams that all of the asset's steps wait for as a whole. */
  readonly barriers: Int32Array;
  /** By position: steps that have not ended. */
  readonly open: Int32Array;
  /** By position: steps that have ended, but not well. */
  readonly bad: Int32Array;
  /** Of a run whose steps get their rows when they may run; `null`: all have theirs from the start. */
  readonly rows: StepRows | null;
}

/** The counters of a run in which nothing has ended. */
export function countFromStart(shape: RunShape, revision = 0): RunCounters {
  const counters: RunCounters = {
    revision,
    rows: null,
    pending: new Int32Array(shape.stepCount),
    barriers: new Int32Array(shape.assets.length),
    open: Int32Array.from(shape.assets, (asset) => asset.partitions.count),
    bad: new Int32Array(shape.assets.length),
  };
  for (const asset of shape.assets) {
    for (const input of asset.inputs) {
      const upstream = input.from === null ? undefined : shape.assets[input.from];
      if (upstream === undefined) continue;
      if (input.isBarrier) counters.barriers[asset.position] = (counters.barriers[asset.position] ?? 0) + 1;
      else countInput(counters.pending, asset, { input, upstream });
    }
  }
  return counters;
}

/** The same counters, in a run whose steps get their rows by and by, with the rows that there are. */
export function withRows(
  shape: RunShape,
  counters: RunCounters,
  { has, open }: Pick<StepRows, "has" | "open">,
): RunCounters {
  const free = listFree(shape, counters).reduce((count, step) => (has[step] === 0 ? count + 1 : count), 0);
  return { ...counters, rows: { has, open, free, first: 0 } };
}

/** Steps that wait for nothing, whatever has become of them. */
export function listFree(shape: RunShape, counters: RunCounters): readonly number[] {
  const free: number[] = [];
  for (const { position, firstStep, partitions } of shape.assets) {
    if ((counters.barriers[position] ?? 0) > 0) continue;
    for (let step = firstStep; step < firstStep + partitions.count; step++) {
      if (counters.pending[step] === 0) free.push(step);
    }
  }
  return free;
}

function countInput(
  pending: Int32Array,
  asset: ShapeAsset,
  { input, upstream }: { readonly input: ShapeInput; readonly upstream: ShapeAsset },
): void {
  if (input.mapping.isIdentity) {
    const shared = intersectRanges(asset.partitions.ranges, upstream.partitions.ranges);
    for (const [from, to] of toStepRanges(asset, shared))
      for (let step = from; step < to; step++) add(pending, step, 1);
    return;
  }
  let step = asset.firstStep;
  for (const partition of listOrdinals(asset.partitions.ranges)) {
    for (const [from, to] of toStepRanges(upstream, input.mapping.toUpstream([partition, partition + 1]))) {
      add(pending, step, to - from);
    }
    step += 1;
  }
}

function add(counts: Int32Array, index: number, change: number): void {
  counts[index] = (counts[index] ?? 0) + change;
}

/** What the end of some steps brings. */
export interface Moved {
  /** Steps that wait for nothing any more. Some may have ended already, as what needs a failed step does. */
  readonly released: readonly number[];
  /** Positions of assets whose last step has ended. */
  readonly closed: readonly number[];
}

/** What a transaction does to the counters of a run, put down only when it has committed. */
export interface Progress {
  end(ended: EndedSteps): Moved;
  /** Gives rows to steps that may run and have none: the first ones, as far as the window reaches. None in a run whose steps all have theirs. */
  fill(windowSize: number): readonly number[];
  /** Whether a step has a row, or as good as one: it is ready, held, runs, or has ended. In a run whose steps all have theirs, all do. */
  hasRow(step: number): boolean;
  /** These have rows now, and have not ended. */
  make(steps: readonly number[]): void;
  /** Steps that have been given rows so far. */
  readonly made: readonly number[];
  /** All that has ended so far. */
  readonly ended: EndedSteps;
  /** Whether the run's last step has ended. */
  isOver(): boolean;
  /** After the commit that gave the run this revision. Does nothing when somebody else was faster. */
  apply(revision: number): void;
}

/** The counters stay as they are until `apply`: others may read them, and a transaction may fail. */
export function beginProgress(shape: RunShape, counters: RunCounters): Progress {
  const begun = counters.revision;
  const changes = { pending: createChanges(), barriers: createChanges(), open: createChanges(), bad: createChanges() };
  const good: number[] = [];
  const bad: number[] = [];
  const rows = counters.rows === null ? null : beginRows(counters.rows);
  const now = (name: keyof typeof changes, index: number): number =>
    (counters[name][index] ?? 0) + (changes[name].get(index) ?? 0);
  const isFree = (step: number): boolean =>
    now("pending", step) === 0 && now("barriers", getAssetOf(shape, step).position) === 0;
  return {
    ended: { good, bad },
    made: rows?.made ?? [],
    hasRow: (step) => rows?.has(step) ?? true,
    make: (steps) => rows?.make(steps),
    fill: (windowSize) => rows?.fill(windowSize, { isFree, stepCount: shape.stepCount }) ?? [],
    end(ended) {
      const touched = new Set<number>();
      for (const step of ended.good) endStep(shape, { step, isGood: true, changes, touched });
      for (const step of ended.bad) endStep(shape, { step, isGood: false, changes, touched });
      for (const step of ended.good) good.push(step);
      for (const step of ended.bad) bad.push(step);
      const closed = listPositions(shape, ended).filter((position) => now("open", position) === 0);
      const opened = closed.flatMap((position) => passBarriers(shape, { position, now, changes }));
      const released = [...touched].filter(isFree);
      for (const position of opened) {
        const asset = shape.assets[position];
        if (asset === undefined) continue;
        for (let step = asset.firstStep; step < asset.firstStep + asset.partitions.count; step++) {
          if (!touched.has(step) && now("pending", step) === 0) released.push(step);
        }
      }
      rows?.end(ended, released);
      return { released, closed };
    },
    isOver: () => shape.assets.every(({ position }) => now("open", position) === 0),
    apply(revision) {
      if (counters.revision !== begun) return;
      for (const name of ["pending", "barriers", "open", "bad"] as const) {
        for (const [index, change] of changes[name]) add(counters[name], index, change);
      }
      rows?.apply();
      counters.revision = revision;
    },
  };
}

type Changes = Map<number, number>;

function createChanges(): Changes {
  return new Map();
}

function change(changes: Changes, index: number, by: number): void {
  changes.set(index, (changes.get(index) ?? 0) + by);
}

/** A step that ended badly releases only who can do without it. A merge that may go on without a branch decides that itself: see `merge-wait/`. */
function endStep(
  shape: RunShape,
  end: {
    readonly step: number;
    readonly isGood: boolean;
    readonly changes: { readonly pending: Changes; readonly open: Changes; readonly bad: Changes };
    readonly touched: Set<number>;
  },
): void {
  const { step, isGood, changes, touched } = end;
  const asset = getAssetOf(shape, step);
  const partition = getPartitionOf(asset, step);
  change(changes.open, asset.position, -1);
  if (!isGood) change(changes.bad, asset.position, 1);
  for (const output of asset.outputs) {
    const downstream = shape.assets[output.to];
    if (downstream === undefined || output.isBarrier) continue;
    if (!isGood && (!output.planned.isOptional || output.isLeg)) continue;
    for (const [from, to] of listReaders(downstream, output, partition)) {
      for (let reader = from; reader < to; reader++) {
        change(changes.pending, reader, -1);
        touched.add(reader);
      }
    }
  }
}

function listReaders(downstream: ShapeAsset, output: ShapeInput, partition: number): readonly OrdinalRange[] {
  if (!output.mapping.isIdentity)
    return toStepRanges(downstream, output.mapping.toDownstream([partition, partition + 1]));
  const step = findStepOf(downstream, partition);
  return step === undefined ? [] : [[step, step + 1]];
}

function listPositions(shape: RunShape, ended: EndedSteps): readonly number[] {
  const positions = new Set<number>();
  for (const step of ended.good) positions.add(getAssetOf(shape, step).position);
  for (const step of ended.bad) positions.add(getAssetOf(shape, step).position);
  return [...positions];
}

/** Assets that wait for no barrier any more, now that this one has ended. A branch that its merge may go on without counts only when all of it ended well. */
function passBarriers(
  shape: RunShape,
  end: {
    readonly position: number;
    readonly now: (name: "barriers" | "bad", index: number) => number;
    readonly changes: { readonly barriers: Changes };
  },
): readonly number[] {
  const passed: number[] = [];
  for (const output of shape.assets[end.position]?.outputs ?? []) {
    if (!output.isBarrier || (output.isLeg && end.now("bad", end.position) > 0)) continue;
    change(end.changes.barriers, output.to, -1);
    if (end.now("barriers", output.to) === 0) passed.push(output.to);
  }
  return passed;
}
