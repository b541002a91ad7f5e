import { createHash } from "node:crypto";
import { finishRowDigest } from "../../schema/canonical-row.ts";
import type { Column, Row } from "../../schema/row-schema.ts";
import { compareStrings } from "../../values/compare.ts";
import type { Contribution, MergeSpec, Operation } from "../contribution/contribution.ts";
import { readEventTime, type EventTimeFault } from "../contribution/event-time.ts";
import { canonicalKey, keyColumns, type KeyFault } from "../contribution/key.ts";
import { encodeToken, tokenParts } from "../contribution/token.ts";
import { makeBatchId } from "./batch.ts";
import type { BatchPart, StandingBatch } from "./stand-batches.ts";

/** Why a row cannot compete; `upcastFailed`: the author's function cannot bring it to the present form. */
export type RejectionReason = KeyFault | EventTimeFault | "operationInvalid" | "eventTimeFuture" | "upcastFailed";

export interface RejectedRow {
  readonly reason: RejectionReason;
  readonly column: string;
  readonly row: Row;
}

/** What a branch hands over. */
export interface DeliveredBatch {
  readonly source: string;
  readonly batchKey: string;
  readonly generation: number;
  readonly schemaVersion: string;
  readonly batchSequence: bigint;
  readonly rows: readonly DeliveredRow[];
  /** @default "main" */
  readonly part?: BatchPart;
  /** @default false */
  readonly isClosed?: boolean;
  /** @default null */
  readonly baseBatchId?: string | null;
  /** A row of a later time is set aside (M28). @default none */
  readonly latestTimeUs?: bigint;
}

/** One row that a branch hands over. */
export interface DeliveredRow {
  /** Columns that are not in it, or `undefined`, are absent. */
  readonly row: Row;
  /** `null`: the row names one that there is not. @default "upsert" */
  readonly operation?: Operation | null;
  /** Columns that the row says something of: a cell that is not listed is absent, which is not null (M15). @default all that it has */
  readonly present?: readonly string[];
  /** @default 0n */
  readonly sequence?: bigint;
  /** @default 0n */
  readonly ordinal?: bigint;
}

/** A batch as a merge keeps it: it never changes. */
export interface SealedBatch extends StandingBatch {
  readonly source: string;
  readonly digest: string;
  readonly contributions: readonly Contribution[];
  readonly rejected: readonly RejectedRow[];
}

/** What sealing came to. */
export type Sealing =
  | { readonly kind: "sealed"; readonly batch: SealedBatch }
  /** Two rows of a key have equal tokens and different values: no order could choose between them. */
  | { readonly kind: "ambiguous"; readonly keys: readonly Row[] };

/** Makes contributions of a branch's rows, or says why it cannot. `eventTime` is the branch's column of that name; `null`: undated. */
export function sealBatch(spec: MergeSpec, eventTime: Column | null, delivered: DeliveredBatch): Sealing {
  const placed: PlacedContribution[] = [];
  const rejected: RejectedRow[] = [];
  for (const row of delivered.rows) {
    const made = makeContribution(spec, eventTime, { batch: delivered, delivered: row });
    if ("reason" in made) rejected.push(made);
    else placed.push(placeContribution(spec, made));
  }
  const keys = spec.policy.rows === "unionAll" ? [] : findAmbiguousKeys(placed);
  if (keys.length > 0) return { kind: "ambiguous", keys };
  const digest = digestContributions(placed);
  const { source, batchKey, generation } = delivered;
  const batchId = makeBatchId({ ...delivered, batchKey: partKey(delivered), digest });
  const contributions = numberCopies(placed).map((contribution) => ({ ...contribution, batchId }));
  const { part = "main", isClosed = false, baseBatchId = null } = delivered;
  return {
    kind: "sealed",
    batch: { source, batchKey, generation, part, isClosed, baseBatchId, batchId, digest, contributions, rejected },
  };
}

/** What tells the parts of a delivery apart where ids are made. */
export function partKey({ batchKey, part = "main" }: { readonly batchKey: string; readonly part?: BatchPart }): string {
  return part === "main" ? batchKey : `${batchKey}#${part}`;
}

interface PlacedContribution {
  readonly contribution: Contribution;
  readonly key: string;
  /** In hex, without what belongs to the policy: ranks and tolerance. */
  readonly token: string;
}

function placeContribution(spec: MergeSpec, contribution: Contribution): PlacedContribution {
  const key = canonicalKey(keyColumns(spec.schema, spec.policy.key), contribution.key);
  const plain = { ...spec.policy, trust: {}, toleranceUs: 0 };
  const token = encodeToken("recencyFirst", tokenParts(plain, spec.schema, contribution));
  return { contribution, key: key.kind === "key" ? key.bytes.toString("hex") : "", token: token.toString("hex") };
}

function makeContribution(
  spec: MergeSpec,
  eventTime: Column | null,
  { batch, delivered }: { readonly batch: DeliveredBatch; readonly delivered: DeliveredRow },
): Contribution | RejectedRow {
  const { row, operation = "upsert" } = delivered;
  const key = canonicalKey(keyColumns(spec.schema, spec.policy.key), row);
  if (key.kind === "fault") return { reason: key.fault, column: key.column, row };
  if (operation === null) return { reason: "operationInvalid", column: spec.policy.operation ?? "", row };
  const time = eventTime === null ? { us: null } : readEventTime(eventTime.type, row[eventTime.name]);
  if ("fault" in time) return { reason: time.fault, column: eventTime?.name ?? "", row };
  if (time.us !== null && batch.latestTimeUs !== undefined && time.us > batch.latestTimeUs)
    return { reason: "eventTimeFuture", column: eventTime?.name ?? "", row };
  return {
    key: key.cells,
    operation,
    // What a delete or retract says beside its key is nothing.
    cells: operation === "upsert" ? readCells(spec, delivered) : {},
    eventTimeUs: time.us,
    source: batch.source,
    sequence: delivered.sequence ?? 0n,
    batchSequence: batch.batchSequence,
    ordinal: delivered.ordinal ?? 0n,
    batchId: "",
    copy: 0,
  };
}

/** A column that reads a stored NULL as an absent property cannot be set to null: its NULL says nothing. */
function readCells(spec: MergeSpec, { row, present }: DeliveredRow): Row {
  const said = spec.schema.columns.filter(
    ({ name, nullAs }) =>
      !spec.policy.key.includes(name) &&
      row[name] !== undefined &&
      !(row[name] === null && nullAs === "absent") &&
      (present === undefined || present.includes(name)),
  );
  return Object.fromEntries(
    said.map(({ name, type }) => [name, type.kind === "double" ? withoutMinusZero(row[name]) : row[name]]),
  );
}

function withoutMinusZero(value: unknown): unknown {
  return typeof value === "number" ? value + 0 : value;
}

const hashDigits = 64;

function findAmbiguousKeys(placed: readonly PlacedContribution[]): readonly Row[] {
  const seen = new Map<string, string>();
  const ambiguous = new Map<string, Row>();
  for (const { contribution, key, token } of placed) {
    const position = `${key}:${token.slice(0, -hashDigits)}`;
    if ((seen.get(position) ?? token) !== token) ambiguous.set(key, contribution.key);
    seen.set(position, token);
  }
  return [...ambiguous].sort(([a], [b]) => compareStrings(a, b)).map(([, key]) => key);
}

function numberCopies(placed: readonly PlacedContribution[]): readonly Contribution[] {
  const counts = new Map<string, number>();
  return placed.map(({ contribution, key, token }) => {
    const copy = counts.get(`${key}:${token}`) ?? 0;
    counts.set(`${key}:${token}`, copy + 1);
    return { ...contribution, copy };
  });
}

/** Of the set of contributions, whatever their order. */
function digestContributions(placed: readonly PlacedContribution[]): string {
  const sums: [bigint, bigint] = [0n, 0n];
  for (const { key, token } of placed) {
    const hash = createHash("sha256").update(Buffer.from(key, "hex")).update(Buffer.from(token, "hex")).digest();
    sums[0] += hash.readBigInt64BE(0);
    sums[1] += hash.readBigInt64BE(8);
  }
  return finishRowDigest({ rowCount: placed.length, sums });
}
