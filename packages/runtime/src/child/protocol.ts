import type { SourcePromise } from "@watersmeet/core";
import type { ErrorCode, FailureCause, Problem } from "@watersmeet/core/errors";
import type { GateFailure } from "@watersmeet/core/gate";
import type { Manifest } from "@watersmeet/core/manifest";
import type { EpochField, EpochStep } from "@watersmeet/core/merge";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import type { AssetSpec } from "../project/project.ts";
import type { StepLogLine } from "../step/step.ts";
import type { ExchangeFile } from "../stores/port/staging.ts";

/**
 * What the worker's process and a child say to each other, over Node's IPC channel with structured clones.
 *
 * A child does one piece of work at a time: `code` (when its generation is another one) and `work` go down; `accepted`, any number of
 * `log` and `progress`, then exactly one `result` or `failure` come up with the same id. `cancel` and `ping` may go down meanwhile.
 */
export type ParentMessage =
  | { readonly kind: "code"; readonly code: ProjectCode }
  | { readonly kind: "work"; readonly id: number; readonly work: ChildWork }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "ping" };

export type ChildMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "pong" }
  /** The work has arrived and begins: from here on its time counts, and how the process ends is its doing. */
  | { readonly kind: "accepted"; readonly id: number }
  | { readonly kind: "log"; readonly id: number; readonly line: StepLogLine }
  | {
      readonly kind: "progress";
      readonly id: number;
      readonly done: number;
      readonly total: number | null;
      readonly message: string | null;
    }
  | ({ readonly kind: "result"; readonly id: number; readonly result: ChildResult } & MemoryUse)
  | ({ readonly kind: "failure"; readonly id: number; readonly failure: ChildFailure } & MemoryUse)
  /** The last words before the child ends itself: an error that nobody caught. */
  | {
      readonly kind: "dying";
      readonly cause: "unhandledRejection" | "uncaughtException";
      readonly failure: ChildFailure;
    };

/** What the process of a piece of work used at most while it was at it. */
export interface MemoryUse {
  readonly peakBytes: number;
}

/** Which code a child runs: the sources of one generation, by their digests. */
export interface ProjectCode {
  /** Absolute. */
  readonly root: string;
  readonly generation: string;
  /** SHA-256 in hex by path relative to the root. A file that is listed and differs on disk is refused. */
  readonly files: Readonly<Record<string, string>>;
}

/** Where the object of an asset is. */
export interface AssetAddress {
  readonly key: AssetKey;
  readonly file: string;
  readonly exportPath: readonly string[];
}

/** What the runtime puts at one position of a function's parameters. */
export type Argument =
  | { readonly kind: "ctx"; readonly position: string }
  | { readonly kind: "db"; readonly position: string }
  /** An optional input without a version: `undefined`. */
  | { readonly kind: "absent"; readonly position: string }
  /** Rows to be read in TypeScript; without a file there are none. */
  | {
      readonly kind: "rows";
      readonly position: string;
      readonly name: string;
      readonly file: ExchangeFile | null;
    }
  /** A relation to be used in SQL: `input_0`, `input_1` … */
  | {
      readonly kind: "relation";
      readonly position: string;
      readonly name: string;
      readonly table: string;
      readonly columns: readonly string[];
    };

/** What `ctx` tells of the attempt. */
export interface AttemptFacts {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  /** Of a time partition, as ISO-8601 UTC instants. */
  readonly window: { readonly start: string; readonly end: string } | null;
  readonly runId: string;
  readonly attempt: number;
  readonly environment: string;
  readonly traceId: string;
  /** What the version before left behind; absent when there is none. */
  readonly checkpoint?: Json;
}

/** What a call of a sensor is told. */
export interface SensorCall {
  /** What the call before left; `null`: there was none, or it left nothing. */
  readonly cursor: { readonly value: Json } | null;
  readonly lastCalledAt: string | null;
  readonly now: string;
}

/** A run that a sensor asks for, as it crosses the process boundary. */
export interface SensedRun {
  readonly key: string | null;
  readonly select: string | null;
  readonly partitions: string | null;
  readonly force: boolean;
}

export type ChildWork =
  | { readonly kind: "describe"; readonly manifest: Manifest }
  /** Calls the function of a sensor. */
  | { readonly kind: "sense"; readonly sensor: AssetAddress; readonly call: SensorCall }
  /** Calls the function of the project's configuration that asks a resource whether it is back. */
  | { readonly kind: "probe"; readonly resource: string; readonly configFile: string }
  | {
      readonly kind: "run";
      readonly asset: AssetAddress;
      readonly arguments: readonly Argument[];
      readonly attempt: AttemptFacts;
      readonly output: {
        readonly path: string;
        readonly format: ExchangeFile["format"];
        readonly schema: RowSchema;
        /** Rows that take no more than so many bytes come in the answer; the file is not made. @default 0, none */
        readonly messageBytes?: number;
      };
      /** Absolute: where rows and cursors are kept for other attempts of the same work. */
      readonly savedDirectory: string;
    }
  | {
      readonly kind: "compile";
      readonly asset: AssetAddress;
      readonly arguments: readonly Argument[];
      readonly attempt: AttemptFacts;
    }
  | {
      readonly kind: "compileMerge";
      readonly asset: AssetAddress;
      readonly arguments: readonly Argument[];
      readonly attempt: AttemptFacts;
    }
  | { readonly kind: "validate"; readonly asset: AssetAddress; readonly file: ExchangeFile }
  /** Rows of an earlier form of a merge's schema through its upcasters; the form of the files is that of `MergeFunctions`. */
  | {
      readonly kind: "upcast";
      readonly asset: AssetAddress;
      /** Forms that were left behind, and the position among them of the one that the rows are in. */
      readonly epochs: readonly EpochStep[];
      readonly from: number;
      /** The form now. */
      readonly present: readonly EpochField[];
      readonly file: ExchangeFile;
      readonly output: { readonly path: string; readonly schema: RowSchema };
    }
  /** Candidates of a column of a merge to one value for each key. */
  | {
      readonly kind: "reduce";
      readonly asset: AssetAddress;
      readonly column: string;
      readonly schema: RowSchema;
      readonly file: ExchangeFile;
      readonly output: { readonly path: string };
    };

/** A SELECT over the relations that the arguments named. */
export interface CompiledQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Relations that it reads, in their order. */
  readonly relations: readonly string[];
}

export interface CompiledBranch {
  readonly name: string;
  /** Whether the branch is the handle of an input as it came, not a query of the author's. */
  readonly isHandle: boolean;
  /** Columns that the branch delivers. */
  readonly columns: readonly string[];
  readonly query: CompiledQuery;
}

/** What the function told of itself beside its rows. */
export interface AttemptReport {
  readonly facts: Readonly<Record<string, Json>>;
  /** What the next version is to find in `ctx.checkpoint`; absent when the function set none. */
  readonly checkpoint?: Json;
  /** What it promised of rows to come; `null`: nothing. */
  readonly promise: SourcePromise | null;
}

export type ChildResult =
  | {
      readonly kind: "sensed";
      readonly runs: readonly SensedRun[];
      /** Absent: it stays as it is. */
      readonly cursor?: Json;
      readonly skip: string | null;
    }
  /** The resource answers again. */
  | { readonly kind: "probed" }
  | { readonly kind: "described"; readonly specs: readonly AssetSpec[]; readonly problems: readonly Problem[] }
  | { readonly kind: "rows"; readonly file: ExchangeFile; readonly report: AttemptReport }
  /** In the form of the schema's row parser. */
  | { readonly kind: "messageRows"; readonly rows: readonly Row[]; readonly report: AttemptReport }
  | {
      readonly kind: "invalidRows";
      readonly rowCount: number;
      /** What zod, or a column's type, said of them. */
      readonly failures: readonly GateFailure[];
    }
  | { readonly kind: "validRows"; readonly rowCount: number }
  | { readonly kind: "file"; readonly file: ExchangeFile }
  | { readonly kind: "compiled"; readonly query: CompiledQuery; readonly report: AttemptReport }
  | { readonly kind: "compiledMerge"; readonly branches: readonly CompiledBranch[]; readonly report: AttemptReport };

/** An error in the form that crosses the process boundary. */
export interface ChildFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  /** Paths relative to the project. */
  readonly stack: string | null;
  readonly details: Json;
  /** What the codes of the error tell of it. */
  readonly cause: FailureCause;
  /** What the function asked for: `RetryAfterError` → `transient`, `NonRetriableError` → `permanent`. */
  readonly wishes: "transient" | "permanent" | null;
  readonly retryAfterMs: number | null;
  /** Which resource it was met at, where the error says it. */
  readonly resource: string | null;
}

const bodyOf: Readonly<Record<ChildMessage["kind"], readonly string[]>> = {
  ready: [],
  pong: [],
  accepted: ["id"],
  log: ["id", "line"],
  progress: ["id", "done"],
  result: ["id", "result", "peakBytes"],
  failure: ["id", "failure", "peakBytes"],
  dying: ["cause", "failure"],
};

/** Whether a message has the form of a child's. User code shares the child's process, so what is not of this form is dropped. */
export function isChildMessage(value: unknown): value is ChildMessage {
  if (value === null || typeof value !== "object" || !("kind" in value)) return false;
  const { kind } = value;
  return typeof kind === "string" && isKind(kind) && bodyOf[kind].every((member) => member in value);
}

function isKind(kind: string): kind is ChildMessage["kind"] {
  return Object.hasOwn(bodyOf, kind);
}
