/** A resource that is asked for more than it can do gets slower for everybody, wastes some of its time on that, and begins to fail. */
export interface SimulatedResource {
  /** What it can do at the same time without getting slower, by the second; 0: it is away, its breaker is open, and what runs fails. */
  readonly capacityAt: (second: number) => number;
  readonly seconds: number;
  /** In [0, 1), seeded. */
  readonly random: () => number;
  /** Steps that the workers' own machine can do at the same time without getting slower. @default any number */
  readonly hostSlots?: number;
  /** It says "not before" to whoever comes while its load is beyond this, instead of getting slower without a word. @default never */
  readonly throttle?: { readonly beyondLoad: number; readonly restSeconds: number };
}

/** What a policy hears, once per second. */
export interface Second {
  readonly second: number;
  readonly inFlight: number;
  /** Duration by expected duration of each step that completed. */
  readonly slowdowns: readonly number[];
  readonly failed: number;
  /** Nobody is let in before then. */
  readonly heldUntil: number | null;
  /** Of the workers' machine, in [0, 1]. */
  readonly hostLoad: number;
  /** Whether its breaker has closed within this second. */
  readonly hasClosed: boolean;
}

export interface Score {
  /** Work of steps that completed, by what the resource, or the machine, could have done. */
  readonly useful: number;
  readonly failed: number;
  /** Steps that were sent away, and come again. */
  readonly throttled: number;
  /** Share of the time in which more was asked of it than it could do well. */
  readonly overloaded: number;
}

interface Task {
  readonly work: number;
  readonly startedAt: number;
  done: number;
}

/** Steps take 5 to 180 s alone, most of them less than a minute; there are always more of them. */
const [shortest, longest] = [5, 180];

/** How much of what it does is lost per unit that it is overloaded by. */
const waste = 0.3;

/** Beyond this load steps begin to fail, each second with a chance that grows with the load, up to the largest. */
const failsBeyond = 1.3;
const chanceOfFailure = 0.003;

/** What is known of a step beforehand is off by so much. */
const scatter = 0.2;

/** `limitAt` is asked each second, after it heard the second before. */
export function simulateResource(resource: SimulatedResource, limitAt: (heard: Second) => number): Score {
  const { random, hostSlots = Number.POSITIVE_INFINITY, throttle } = resource;
  let tasks: readonly Task[] = [];
  let heldUntil: number | null = null;
  let wasAway = false;
  const sums = { useful: 0, possible: 0, failed: 0, throttled: 0, overloadedFor: 0 };
  let heard: Second = nothingHeard;
  for (let second = 0; second < resource.seconds; second++) {
    const limit = Math.floor(limitAt(heard));
    const capacity = resource.capacityAt(second);
    const isOpen = capacity > 0 && (heldUntil === null || second >= heldUntil);
    const begun = isOpen ? beginTasks(limit - tasks.length, second, random) : [];
    const load = capacity === 0 ? 0 : (tasks.length + begun.length) / capacity;
    const isRefused = throttle !== undefined && begun.length > 0 && load > throttle.beyondLoad;
    if (isRefused) heldUntil = second + throttle.restSeconds;
    const running: readonly Task[] = isRefused ? tasks : [...tasks, ...begun];
    const passed = passSecond(running, { second, capacity, hostSlots, random });
    tasks = passed.left;
    sums.possible += Math.min(capacity, hostSlots);
    sums.useful += passed.useful;
    sums.failed += passed.failed;
    sums.throttled += isRefused ? begun.length : 0;
    if (load > 1) sums.overloadedFor += 1;
    const { slowdowns, failed } = passed;
    heard = {
      second: second + 1,
      inFlight: running.length,
      slowdowns,
      failed,
      heldUntil: heldUntil !== null && heldUntil > second ? heldUntil : null,
      hostLoad: Math.min(1, running.length / hostSlots),
      hasClosed: wasAway && capacity > 0,
    };
    wasAway = capacity === 0;
  }
  const { useful, possible, failed, throttled, overloadedFor } = sums;
  return { useful: useful / possible, failed, throttled, overloaded: overloadedFor / resource.seconds };
}

const nothingHeard: Second = {
  second: 0,
  inFlight: 0,
  slowdowns: [],
  failed: 0,
  heldUntil: null,
  hostLoad: 0,
  hasClosed: false,
};

function beginTasks(count: number, second: number, random: () => number): readonly Task[] {
  const begin = (): Task => ({ work: shortest * (longest / shortest) ** random(), startedAt: second, done: 0 });
  return Array.from({ length: Math.max(0, count) }, begin);
}

interface Passed {
  readonly left: readonly Task[];
  readonly useful: number;
  readonly failed: number;
  readonly slowdowns: readonly number[];
}

function passSecond(
  running: readonly Task[],
  now: {
    readonly second: number;
    readonly capacity: number;
    readonly hostSlots: number;
    readonly random: () => number;
  },
): Passed {
  const { second, capacity, hostSlots, random } = now;
  if (capacity === 0) return { left: [], useful: 0, failed: running.length, slowdowns: [] };
  const load = running.length / capacity;
  const speed = Math.min(speedAt(load), speedAt(running.length / hostSlots));
  const risk = chanceOfFailure * Math.min(1, Math.max(0, load - failsBeyond));
  const left: Task[] = [];
  const slowdowns: number[] = [];
  let [useful, failed] = [0, 0];
  for (const task of running) {
    task.done += speed;
    if (random() < risk) failed += 1;
    else if (task.done < task.work) left.push(task);
    else {
      useful += task.work;
      const expected = task.work * (1 + scatter * (2 * random() - 1));
      slowdowns.push((second + 1 - task.startedAt) / expected);
    }
  }
  return { left, useful, failed, slowdowns };
}

function speedAt(load: number): number {
  return load <= 1 ? 1 : 1 / (load * (1 + waste * (load - 1)));
}
