/**
 * A suspect is a step with which a worker has died. Which of all that a worker held took it down is not known, so suspects come in few at a time, and are
 * found out like this: those of one death are tried together, so many at once that a death among them leaves few of two deaths; those of two deaths are
 * tried one at a time, with no other suspect beside. The third death is therefore the step's own doing, or bad luck while it was alone. Where workers are
 * killed from outside, hundreds of innocent suspects are through in a moment.
 */
export interface SuspectRoom {
  /** Steps with which one worker has died. */
  readonly once: number;
  /** Steps with which several have. */
  readonly again: number;
}

const onceAtATime = 16;

/** What a worker may take beside the suspects that it holds, given the deaths of each step that it holds. */
export function roomForSuspects(crashesOfHeld: Iterable<number>): SuspectRoom {
  let once = 0;
  for (const crashes of crashesOfHeld) {
    if (crashes > 1) return { once: 0, again: 0 };
    if (crashes === 1) once += 1;
  }
  return { once: Math.max(0, onceAtATime - once), again: once === 0 ? 1 : 0 };
}

/** The same while a claim takes some: counted down over all of its runs and lanes. */
export interface SuspectCount {
  readonly left: SuspectRoom;
  took(crashes: "once" | "again", count: number): void;
}

export function countSuspects(room: SuspectRoom): SuspectCount {
  let left = room;
  return {
    get left() {
      return left;
    },
    took(crashes, count) {
      if (count === 0) return;
      left = crashes === "again" ? { once: 0, again: 0 } : { once: left.once - count, again: 0 };
    },
  };
}
