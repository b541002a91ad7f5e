/**
 * What a step that has not started waits for. One thing: the first, in the order in which a claim would meet it. Every face renders this and nothing else.
 * Whoever makes it reads states, so it says what holds now; nothing of it is stored.
 */
export type WaitingFor =
  /** Steps of its own run that come first. `until`: a merge goes on then with what is there, if its terms allow it. */
  | { readonly kind: "inputs"; readonly count: number; readonly until: Date | null }
  /** Somebody has paused the run. */
  | { readonly kind: "paused" }
  /** It failed, and is tried again. */
  | { readonly kind: "backoff"; readonly until: Date; readonly failure: string | null }
  /** Nothing uses the resource, because it did not answer. `until`: null means until somebody closes the breaker. */
  | { readonly kind: "breaker"; readonly resource: string; readonly until: Date | null; readonly reason: string }
  /**
   * Enough of its asset waits for the steps of the run that read it. It goes on when no more than `resumeBytes` wait, or when nothing else of the run can go
   * on.
   */
  | {
      readonly kind: "budget";
      readonly asset: string;
      readonly stagedBytes: number;
      readonly budgetBytes: number;
      readonly resumeBytes: number;
    }
  /** The resource takes no more starts before then. */
  | { readonly kind: "rate"; readonly resource: string; readonly until: Date; readonly reason: string | null }
  /** All units of the resource that the step needs are taken. */
  | {
      readonly kind: "limit";
      readonly resource: string;
      readonly limit: number;
      readonly taken: number;
      readonly needed: number;
      readonly holders: readonly Holder[];
    }
  /** The run may have no more steps at a time. */
  | { readonly kind: "runLimit"; readonly limit: number; readonly running: number }
  /** No process that is alive can take it. */
  | { readonly kind: "noWorker"; readonly store: string; readonly codeVersion: string | null }
  /** Workers have died with it; a worker tries one such step at a time. */
  | { readonly kind: "suspect"; readonly crashes: number }
  /** Its turn: others come first in the free slots. `aheadInRun`: `null` when nobody counted. */
  | { readonly kind: "fairShare"; readonly aheadInRun: number | null; readonly otherRuns: number };

/** Who holds units of a resource. */
export interface Holder {
  readonly run: string;
  readonly asset: string;
  readonly partition: string;
  readonly weight: number;
}

/** As a clause: "waits for 2 inputs that the run makes first". */
export function describeWaiting(waiting: WaitingFor): string {
  switch (waiting.kind) {
    case "inputs":
      return `waits for ${countOf(waiting.count, "input")} that the run makes first${waiting.until === null ? "" : `; at ${waiting.until.toISOString()} it goes on with what is there, if its terms allow it`}`;
    case "paused":
      return "waits because the run is paused: `watersmeet backfill resume` goes on";
    case "backoff":
      return `is tried again at ${waiting.until.toISOString()}, after: ${waiting.failure ?? "a failure that may pass"}`;
    case "breaker":
      return `waits for resource ${waiting.resource}, whose breaker is open ${waiting.until === null ? "until it is closed by hand" : `until ${waiting.until.toISOString()}`}: ${waiting.reason}`;
    case "budget":
      return `waits until what was made of ${waiting.asset} is read: ${describeBytes(waiting.stagedBytes)} of it wait for the steps that read it, of the ${describeBytes(waiting.budgetBytes)} that may; it goes on at ${describeBytes(waiting.resumeBytes)}`;
    case "rate":
      return `waits for resource ${waiting.resource}, which takes no more starts before ${waiting.until.toISOString()}${waiting.reason === null ? "" : `: ${waiting.reason}`}`;
    case "limit":
      return describeLimit(waiting);
    case "runLimit":
      return `waits because the run may have ${countOf(waiting.limit, "step")} at a time`;
    case "noWorker":
      return waiting.codeVersion === null
        ? `waits for a worker that can open store ${waiting.store}: start \`watersmeet worker\` or \`watersmeet dev\``
        : `waits for a worker with code version ${waiting.codeVersion}`;
    case "suspect":
      return `waits to be tried alone, because ${countOf(waiting.crashes, "worker")} ended while they held it`;
    case "fairShare":
      return describeTurn(waiting);
  }
}

function describeLimit(waiting: Extract<WaitingFor, { kind: "limit" }>): string {
  const { resource, limit, taken, needed, holders } = waiting;
  const need = needed === 1 ? "" : `, and needs ${needed}`;
  const names = holders.map(({ run, asset, partition }) =>
    partition === "" ? `${asset} (run ${run})` : `${asset} @ ${partition} (run ${run})`,
  );
  return `waits for resource ${resource}, of which ${taken} of ${limit} are in use${need}${names.length === 0 ? "" : `: ${names.join(", ")}`}`;
}

function describeTurn({ aheadInRun, otherRuns }: Extract<WaitingFor, { kind: "fairShare" }>): string {
  const others =
    otherRuns === 0
      ? ""
      : `, and ${countOf(otherRuns, "other run")} ${otherRuns === 1 ? "shares" : "share"} the workers`;
  return aheadInRun === null || aheadInRun === 0
    ? `waits for a free slot in a worker${others}`
    : `waits for a free slot in a worker: ${countOf(aheadInRun, "step")} of its run ${aheadInRun === 1 ? "comes" : "come"} first${others}`;
}

/** With three digits: "1.85 GiB". */
function describeBytes(bytes: number): string {
  const unit = ["B", "KiB", "MiB", "GiB"].findIndex((_, index) => bytes < 1024 ** (index + 1));
  const [power, name] = unit < 0 ? [4, "TiB"] : [unit, ["B", "KiB", "MiB", "GiB"][unit] ?? "B"];
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${name}`;
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
