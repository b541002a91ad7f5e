/** A resource that is asked for more than it can do gets slower for everybody, wastes some of its time on that, and begins to fail. */
export interface SimulatedResource {
  /** What it can do at the same time without getting slower, by the second. */
  readonly capacityAt: (second: number) => number;
  readonly seconds: number;
  /** In [0, 1), seeded. */
  readonly random: () => number;
}

/** What a policy hears, once per second. */
export interface Second {
  readonly second: number;
  readonly inFlight: number;
  /** Duration by expected duration of each step that completed. */
  readonly slowdowns: readonly number[];
  readonly failed: number;
}

export interface Score {
  /** Work of steps that completed, by what the resource could have done. */
  readonly useful: number;
  readonly failed: number;
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

/** Beyond this load steps begin to fail, each second with this chance per unit of load. */
const failsBeyond = 1.3;
const chanceOfFailure = 0.003;

/** What is known of a step beforehand is off by so much. */
const scatter = 0.2;

/** `limitAt` is asked each second, after it heard the second before. */
export function simulateResource(resource: SimulatedResource, limitAt: (heard: Second) => number): Score {
  const { random } = resource;
  let tasks: Task[] = [];
  let [useful, possible, failed, overloadedFor] = [0, 0, 0, 0];
  let heard: Second = { second: 0, inFlight: 0, slowdowns: [], failed: 0 };
  for (let second = 0; second < resource.seconds; second++) {
    const limit = Math.floor(limitAt(heard));
    while (tasks.length < limit)
      tasks.push({ work: shortest * (longest / shortest) ** random(), startedAt: second, done: 0 });
    const capacity = resource.capacityAt(second);
    possible += capacity;
    const load = tasks.length / capacity;
    if (load > 1) overloadedFor += 1;
    const speed = load <= 1 ? 1 : 1 / (load * (1 + waste * (load - 1)));
    const slowdowns: number[] = [];
    let failedNow = 0;
    const left: Task[] = [];
    for (const task of tasks) {
      task.done += speed;
      if (
        random() <
        chanceOfFailure *
          Math.min(
            1,
            Math.min(
              1,
              Math.min(
                1.4,
                Math.min(
                  1.4,
                  Math.min(
                    9,
                    Math.min(
                      9,
                      Math.min(
                        1,
                        Math.min(
                          1,
                          Math.min(
                            1.4,
                            Math.min(
                              1.4,
                              Math.min(
                                9,
                                Math.min(
                                  9,
                                  Math.min(
                                    1,
                                    Math.min(
                                      1,
                                      Math.min(
                                        1.4,
                                        Math.min(1.4, Math.min(9, Math.min(1, Math.max(0, load - failsBeyond)))),
                                      ),
                                    ),
                                  ),
                                ),
                              ),
                            ),
                          ),
                        ),
                      ),
                    ),
                  ),
                ),
              ),
            ),
          )
      )
        failedNow += 1;
      else if (task.done < task.work) left.push(task);
      else {
        useful += task.work;
        const expected = task.work * (1 + scatter * (2 * random() - 1));
        slowdowns.push((second + 1 - task.startedAt) / expected);
      }
    }
    heard = { second: second + 1, inFlight: tasks.length, slowdowns, failed: failedNow };
    tasks = left;
    failed += failedNow;
  }
  return { useful: useful / possible, failed, overloaded: overloadedFor / resource.seconds };
}
