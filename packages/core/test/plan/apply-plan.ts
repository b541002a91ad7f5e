import {
  computeCommitId,
  createStepDependencies,
  fingerprintInput,
  isSameWork,
  listSteps,
} from "../../src/plan/index.ts";
import type { HeadState, Plan, PlanStep, StateSnapshot, StepInput } from "../../src/plan/index.ts";
import type { AssetKey, PartitionKey } from "../../src/values/index.ts";

export interface ApplyOptions {
  readonly plan: Plan;
  readonly snapshot: StateSnapshot;
  /** Content that a step produces, given the fingerprints of what it read. */
  readonly digestOf: (step: PlanStep, fingerprints: readonly string[]) => string;
  /** Which of `count` ready steps ends next. */
  readonly pick: (count: number) => number;
  /** Run id of a forced run. */
  readonly salt?: string;
}

export interface Applied {
  readonly snapshot: StateSnapshot;
  /** Ordinals in the order in which the steps ended. */
  readonly order: readonly number[];
  /** Steps that would have made the same from the same. */
  readonly unchanged: readonly PlanStep[];
  readonly committed: readonly PlanStep[];
}

/**
 * What the runtime does with a plan, without the runtime: counters start as the plan says, ready steps end in any order, each lowers the counters of those that wait
 * for it. Throws when a step is ready before what it reads is there, or reads what the plan neither makes nor pins.
 */
export function applyPlan({ plan, snapshot, digestOf, pick, salt }: ApplyOptions): Applied {
  const steps = [...listSteps(plan)];
  const dependencies = createStepDependencies(plan);
  const pending = new Int32Array(plan.stepCount).fill(-1);
  for (const { from, to, pending: count } of dependencies.listPending()) pending.fill(count, from, to);
  const ready = [...pending.keys()].filter((step) => pending[step] === 0);
  const heads = new Map([...snapshot.heads].map(([asset, partitions]) => [asset, new Map(partitions)]));
  const planned = new Map(steps.map((step) => [nameOf(step.asset, step.partition), step.ordinal]));
  const order: number[] = [];
  const done = new Set<number>();
  const unchanged: PlanStep[] = [];
  const committed: PlanStep[] = [];

  const readInput = (step: PlanStep, input: StepInput): string => {
    const read = input.partitions.flatMap((partition) => {
      const maker = planned.get(nameOf(input.asset, partition));
      const head = heads.get(input.asset)?.get(partition);
      if (maker !== undefined && !done.has(maker))
        throw new Error(`${step.asset}@${step.partition} ran before ${input.asset}@${partition}`);
      if (head === undefined) {
        if (input.isOptional) return [];
        throw new Error(`${step.asset}@${step.partition} reads ${input.asset}@${partition}, which is not there`);
      }
      if (maker === undefined && plan.pins[input.asset]?.[partition] !== head.commitId) {
        throw new Error(`${step.asset}@${step.partition} reads ${input.asset}@${partition}, which is not pinned`);
      }
      return [{ partition, dataDigest: head.dataDigest }];
    });
    return fingerprintInput(read);
  };

  const runStep = (step: PlanStep): void => {
    const asset = plan.assets.find((one) => one.asset === step.asset);
    if (asset === undefined) throw new Error(`the plan has no asset ${step.asset}`);
    const inputs = dependencies
      .inputsOf(step.ordinal)
      .map((input) => [input.position, readInput(step, input)] as const);
    const { codeVersion, schemaVersion } = asset;
    const isForced = step.reason.kind === "forced";
    const work = { asset: step.asset, partition: step.partition, codeVersion, schemaVersion, inputs };
    const own = heads.get(step.asset) ?? new Map<PartitionKey, HeadState>();
    heads.set(step.asset, own);
    const head = own.get(step.partition);
    if (head !== undefined && !isForced && isSameWork(head, work)) {
      unchanged.push(step);
      return;
    }
    const dataDigest = digestOf(
      step,
      inputs.map(([, fingerprint]) => fingerprint),
    );
    const commitId = computeCommitId({ ...work, salt: isForced ? (salt ?? "run") : null });
    own.set(step.partition, { commitId, dataDigest, codeVersion, schemaVersion, inputs: Object.fromEntries(inputs) });
    committed.push(step);
  };

  while (ready.length > 0) {
    const [ordinal] = ready.splice(pick(ready.length), 1);
    const step = ordinal === undefined ? undefined : steps[ordinal];
    if (step === undefined) throw new Error("picked a step that is not ready");
    runStep(step);
    done.add(step.ordinal);
    order.push(step.ordinal);
    for (const [from, to] of dependencies.downstreamOf(step.ordinal)) {
      for (let next = from; next < to; next++) {
        const left = (pending[next] ?? 0) - 1;
        pending[next] = left;
        if (left === 0) ready.push(next);
        if (left < 0) throw new Error(`step ${next} was lowered below zero`);
      }
    }
  }
  return { snapshot: { ...snapshot, heads }, order, unchanged, committed };
}

function nameOf(asset: AssetKey, partition: PartitionKey): string {
  return `${asset}@${partition}`;
}
