/**
 * What must hold of a ledger and its stores, whoever has died and whenever. The numbers are those of the fault catalogue (docs/reference/faults.md), the
 * sentences those of docs/reference/doctor.md.
 */
export const invariants = {
  I1: "Every commit takes effect exactly once",
  I2: "Every commit has a record, and every record a commit",
  I3: "What readers see never goes back by itself",
  I4: "No acknowledged commit is lost",
  I5: "A step starts when its inputs are there, and reads exactly those",
  I6: "Whatever can go on does, and nothing is held by what is gone",
  I7: "A fault reaches the steps below it and no others",
  I8: "Attempts, leases, files and bells stay within their bounds",
  I9: "Whatever did not succeed says why",
  I10: "Readers see committed versions only",
  I11: "Who comes late writes nothing",
  I12: "Nothing changes, and no secret is told, without authority",
} as const;

export type Invariant = keyof typeof invariants;

interface ViolationFacts {
  readonly invariant: Invariant;
  /** What to do; with a repair, what to do where it does not help. */
  readonly hint: string;
  /** Whether `watersmeet doctor --repair` puts it right. */
  readonly isRepaired: boolean;
}

const lookHint = "This is a defect in Watersmeet, or the ledger was changed by hand: please report it with this line.";
const repairHint = "`watersmeet doctor --repair` puts it right.";
const planHint = "`watersmeet plan` shows what would be made again; run it.";

/** Everything that the doctor can find in a ledger and its stores. */
export const violationFacts = {
  COMMIT_TWICE: { invariant: "I1", hint: lookHint, isRepaired: false },
  VERSION_RECORDED_TWICE: { invariant: "I1", hint: lookHint, isRepaired: false },
  STEP_COMMITTED_TWICE: { invariant: "I1", hint: lookHint, isRepaired: false },
  ROWS_DIFFER: {
    invariant: "I1",
    hint: "Somebody has written into the store's tables. Run the asset with --force: it makes a new version.",
    isRepaired: false,
  },
  COMMIT_UNRECORDED: { invariant: "I2", hint: repairHint, isRepaired: true },
  SUCCESS_WITHOUT_VERSION: { invariant: "I2", hint: planHint, isRepaired: false },
  HEAD_BEHIND: { invariant: "I3", hint: `${planHint} A rollback would have said so in the audit.`, isRepaired: false },
  COMMIT_LOST: {
    invariant: "I4",
    hint: "The store is older than the ledger: it was restored from a copy, or its last writes were lost. Restore a newer copy, or run the asset with --force.",
    isRepaired: false,
  },
  STEP_EARLY: { invariant: "I5", hint: lookHint, isRepaired: false },
  INPUT_DIFFERS: { invariant: "I5", hint: "Run the asset with --force. " + lookHint, isRepaired: false },
  INPUT_UNKNOWN: { invariant: "I5", hint: lookHint, isRepaired: false },
  STEP_WITHOUT_WORKER: {
    invariant: "I6",
    hint: `Any worker gives it back within seconds. ${repairHint}`,
    isRepaired: true,
  },
  WORKER_DEAD: { invariant: "I6", hint: `Any worker takes it away within seconds. ${repairHint}`, isRepaired: true },
  LEASE_WITHOUT_STEP: { invariant: "I6", hint: repairHint, isRepaired: true },
  STEP_FORGOTTEN: {
    invariant: "I6",
    hint: "Cancel the run and retry it: counters are worked out again then. " + lookHint,
    isRepaired: false,
  },
  RUN_NOT_ENDED: { invariant: "I6", hint: "Cancel the run: that ends it. " + lookHint, isRepaired: false },
  RUN_ENDED_OPEN: { invariant: "I6", hint: "Retry the run. " + lookHint, isRepaired: false },
  COUNTER_WRONG: { invariant: "I6", hint: lookHint, isRepaired: false },
  STEP_LOST_WITHOUT_CAUSE: { invariant: "I7", hint: "Retry the run. " + lookHint, isRepaired: false },
  ATTEMPTS_EXCEEDED: { invariant: "I8", hint: lookHint, isRepaired: false },
  LIMIT_EXCEEDED: {
    invariant: "I8",
    hint: "A limit that was lowered while steps ran is exceeded until they end. Otherwise: " + lookHint,
    isRepaired: false,
  },
  RUN_LIMIT_EXCEEDED: { invariant: "I8", hint: lookHint, isRepaired: false },
  BELLS_PILED: {
    invariant: "I8",
    hint: "No worker has answered the doorbell for long. Start one: `watersmeet worker`.",
    isRepaired: false,
  },
  STAGING_LEFT: { invariant: "I8", hint: repairHint, isRepaired: true },
  FAILURE_UNEXPLAINED: { invariant: "I9", hint: lookHint, isRepaired: false },
  HEAD_DIFFERS: { invariant: "I10", hint: repairHint, isRepaired: true },
  HEAD_OF_OTHER: { invariant: "I10", hint: lookHint, isRepaired: false },
  ATTEMPT_UNKNOWN: { invariant: "I11", hint: lookHint, isRepaired: false },
  GUARD_OFF: {
    invariant: "I12",
    hint: "Somebody has switched a trigger of the ledger off. Switch it on: `alter table watersmeet.<table> enable trigger all`.",
    isRepaired: false,
  },
  SECRET_TOLD: {
    invariant: "I12",
    hint: "Change that password, and do not put connection strings into errors.",
    isRepaired: false,
  },
  SECRET_READABLE: { invariant: "I12", hint: "`chmod 600` the file.", isRepaired: false },
} as const satisfies Record<string, ViolationFacts>;

export type ViolationCode = keyof typeof violationFacts;

/** Where it was found; what does not apply is left out. */
export interface ViolationPlace {
  readonly run?: string;
  readonly ordinal?: number;
  readonly asset?: string;
  readonly partition?: string;
  readonly environment?: string;
  readonly store?: string;
  readonly worker?: string;
  readonly attempt?: string;
  readonly file?: string;
}

/** Something that does not hold, e.g. `{ code: "COMMIT_LOST", invariant: "I4", message: "…", place: { store: "default", asset: "orders" }, hint: "…" }`. */
export interface Violation {
  readonly code: ViolationCode;
  readonly invariant: Invariant;
  /** What is there, with names. */
  readonly message: string;
  readonly place: ViolationPlace;
  readonly hint: string;
  readonly isRepaired: boolean;
}

export function violation(code: ViolationCode, place: ViolationPlace, message: string): Violation {
  return { code, message, place, ...violationFacts[code] };
}
