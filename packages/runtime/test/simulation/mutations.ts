import { getAssetOf } from "../../src/queue/shape/run-shape.ts";
import { headKey } from "../../src/stores/commit/decide-commits.ts";
import type { DecidingCore } from "./core.ts";
import { productionCore as whole } from "./core.ts";

/** A mechanism taken out of the core. A simulator that does not notice is worth nothing. */
export interface Mutation {
  readonly name: string;
  readonly core: DecidingCore;
  /** Of 100 seeds, at least so many must show it. */
  readonly leastPercent: number;
  /** Of what shows itself rarely: seeds that do. */
  readonly certainSeeds: readonly number[];
}

/** A commit whose id is known is taken for a new one. */
const withoutDedupe = (core: DecidingCore): DecidingCore => ({
  ...core,
  decideCommits: (requests, facts) => core.decideCommits(requests, { ...facts, known: new Map() }),
});

/** Whatever readers see is taken for what the work was built on. */
const withoutHeadCheck = (core: DecidingCore): DecidingCore => ({
  ...core,
  decideCommits: (requests, facts) =>
    core.decideCommits(
      requests.map((request) => {
        const { asset, partition } = request.staged.target;
        return { ...request, baseVersion: facts.heads.get(headKey(request.environment, asset.key, partition)) ?? null };
      }),
      { ...facts, moved: new Set() },
    ),
});

/** Any attempt may write while the step runs, and after it has ended. */
const withoutFence = (core: DecidingCore): DecidingCore => ({ ...core, holdsStep: () => true });

/** Nobody looks for a commit that a dead process left. */
const withoutAdoption = (core: DecidingCore): DecidingCore => ({ ...core, decideAdoption: () => "absent" });

/** A step that takes its worker with it is tried for ever. */
const withoutCrashCount = (core: DecidingCore): DecidingCore => ({
  ...core,
  decideMove: (step, outcome, terms) => {
    const move = core.decideMove({ ...step, crashes: 0 }, outcome, terms);
    return { ...move, crashes: 0 };
  },
});

/** A step that fails is tried for ever. */
const withoutFailureCount = (core: DecidingCore): DecidingCore => ({
  ...core,
  decideMove: (step, outcome, terms) => {
    const move = core.decideMove({ ...step, failures: 0, attempt: 1 }, outcome, terms);
    return move.state === "ready" ? { ...move, failures: 0 } : move;
  },
});

/** Commits without a record stay without one. */
const withoutReconciling = (core: DecidingCore): DecidingCore => ({ ...core, reconciles: false });

/** The ledger's heads never look at the store's. */
const withoutFollowing = (core: DecidingCore): DecidingCore => ({ ...core, followsStore: false });

/** A head is moved back wherever it is by then. */
const withoutExpectation = (core: DecidingCore): DecidingCore => ({
  ...core,
  decideRevert: (facts) => core.decideRevert({ ...facts, expected: undefined }),
});

/** A commit moves the head again whenever readers happen to see its base. */
const withoutMoveLog = (core: DecidingCore): DecidingCore => ({
  ...core,
  decideCommits: (requests, facts) => core.decideCommits(requests, { ...facts, moved: new Set() }),
});

/** The ledger's head takes whatever is recorded last. */
const withoutHeadOrder = (core: DecidingCore): DecidingCore => ({ ...core, followsHead: () => true });

/** What needs a failed step waits on. */
const withoutDescendants = (core: DecidingCore): DecidingCore => ({ ...core, listDescendants: () => [] });

/** The last step of an asset tells nobody. */
const withoutBarriers = (core: DecidingCore): DecidingCore => ({
  ...core,
  beginProgress(shape, counters) {
    const progress = core.beginProgress(shape, counters);
    const isPassed = (step: number): boolean => getAssetOf(shape, step).inputs.some((input) => input.isBarrier);
    return {
      ...progress,
      end(ended) {
        const moved = progress.end(ended);
        return { ...moved, released: moved.released.filter((step) => !isPassed(step)) };
      },
    };
  },
});

interface Detection {
  readonly percent?: number;
  readonly seeds?: readonly number[];
}

function mutation(
  name: string,
  { percent = 0, seeds = [] }: Detection,
  ...removals: readonly ((core: DecidingCore) => DecidingCore)[]
): Mutation {
  return {
    name,
    leastPercent: percent,
    certainSeeds: seeds,
    core: removals.reduce((core, remove) => remove(core), whole),
  };
}

/** Layers hide each other's absence, so pairs are taken out as well. Measured over 3,000 seeds, the rates are about twice these. */
export const mutations: readonly Mutation[] = [
  mutation("commit dedupe", { percent: 12 }, withoutDedupe),
  mutation("head compare-and-set", { percent: 12 }, withoutHeadCheck),
  mutation("attempt fence", { percent: 30 }, withoutFence),
  mutation("adopt", { percent: 20 }, withoutAdoption),
  mutation("crash count", { percent: 8 }, withoutCrashCount),
  mutation("failure count", { percent: 0.8 }, withoutFailureCount),
  mutation("reconcile", { percent: 2 }, withoutReconciling),
  mutation("follow the store's heads", { seeds: [13, 30, 130, 605] }, withoutFollowing),
  mutation("expectation of a move", { seeds: [678, 1101, 2699, 3209] }, withoutExpectation),
  mutation("log of moves", { seeds: [4614, 13817, 23294, 23311] }, withoutMoveLog),
  mutation("order of the ledger's heads", { seeds: [275, 629, 689, 1020] }, withoutHeadOrder),
  mutation("loss of descendants", { percent: 10 }, withoutDescendants),
  mutation("release by the last step", { percent: 30 }, withoutBarriers),
  mutation("dedupe and compare-and-set", { percent: 20 }, withoutDedupe, withoutHeadCheck),
  mutation("dedupe and adopt", { percent: 25 }, withoutDedupe, withoutAdoption),
  mutation("dedupe and fence", { percent: 30 }, withoutDedupe, withoutFence),
  mutation("compare-and-set and fence", { percent: 30 }, withoutHeadCheck, withoutFence),
  mutation("compare-and-set and adopt", { percent: 25 }, withoutHeadCheck, withoutAdoption),
  mutation("adopt and reconcile", { percent: 25 }, withoutAdoption, withoutReconciling),
  mutation("fence and crash count", { percent: 30 }, withoutFence, withoutCrashCount),
];
