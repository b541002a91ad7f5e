import { createHash } from "node:crypto";
import { finishRowDigest } from "../schema/canonical-row.ts";
import type { Column, Row } from "../schema/row-schema.ts";
import { compareStrings } from "../values/compare.ts";
import { makeBatchId } from "./batch.ts";
import type { Contribution, MergeSpec, Operation } from "./contribution.ts";
import { readEventTime, type EventTimeFault } from "./event-time.ts";
import { canonicalKey, keyColumns, type KeyFault } from "./key.ts";
import { encodeToken, tokenParts } from "./token.ts";

/** Why a row cannot compete. */
export type RejectionReason = KeyFault | EventTimeFault;

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
}

/** One row that a branch hands over. */
export interface DeliveredRow {
  /** Columns that are not in it, or `undefined`, are absent. */
  readonly row: Row;
  /** @default "upsert" */
  readonly operation?: Operation;
  /** @default 0n */
  readonly sequence?: bigint;
  /** @default 0n */
  readonly ordinal?: bigint;
}

/** A batch as a merge keeps it: it never changes. */
export interface SealedBatch {
  readonly source: string;
  readonly batchKey: string;
  readonly generation: number;
  readonly batchId: string;
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
  const contributions: Contribution[] = [];
  const rejected: RejectedRow[] = [];
  for (const row of delivered.rows) {
    const made = makeContribution(spec, eventTime, { batch: delivered, delivered: row });
    if ("reason" in made) rejected.push(made);
    else contributions.push(made);
  }
  const keys = findAmbiguousKeys(spec, contributions);
  if (keys.length > 0) return { kind: "ambiguous", keys };
  const digest = digestContributions(spec, contributions);
  const { source, batchKey, generation } = delivered;
  const batchId = makeBatchId({ ...delivered, digest });
  return { kind: "sealed", batch: { source, batchKey, generation, batchId, digest, contributions, rejected } };
}

function makeContribution(
  spec: MergeSpec,
  eventTime: Column | null,
  { batch, delivered }: { readonly batch: DeliveredBatch; readonly delivered: DeliveredRow },
): Contribution | RejectedRow {
  const { row } = delivered;
  const key = canonicalKey(keyColumns(spec.schema, spec.policy.key), row);
  if (key.kind === "fault") return { reason: key.fault, column: key.column, row };
  const time = eventTime === null ? { us: null } : readEventTime(eventTime.type, row[eventTime.name]);
  if ("fault" in time) return { reason: time.fault, column: eventTime?.name ?? "", row };
  return {
    key: key.cells,
    operation: delivered.operation ?? "upsert",
    cells: readCells(spec, row),
    eventTimeUs: time.us,
    source: batch.source,
    sequence: delivered.sequence ?? 0n,
    batchSequence: batch.batchSequence,
    ordinal: delivered.ordinal ?? 0n,
  };
}

/** A column that reads a stored NULL as an absent property cannot be set to null: its NULL says nothing. */
function readCells(spec: MergeSpec, row: Row): Row {
  const present = spec.schema.columns.filter(
    ({ name, nullAs }) =>
      !spec.policy.key.includes(name) && row[name] !== undefined && !(row[name] === null && nullAs === "absent"),
  );
  return Object.fromEntries(
    present.map(({ name, type }) => [name, type.kind === "double" ? withoutMinusZero(row[name]) : row[name]]),
  );
}

function withoutMinusZero(value: unknown): unknown {
  return typeof value === "number" ? value + 0 : value;
}

function findAmbiguousKeys(spec: MergeSpec, contributions: readonly Contribution[]): readonly Row[] {
  const columns = keyColumns(spec.schema, spec.policy.key);
  const seen = new Map<string, string>();
  const ambiguous = new Map<string, Row>();
  for (const contribution of contributions) {
    const key = canonicalKey(columns, contribution.key);
    const keyHex = key.kind === "key" ? key.bytes.toString("hex") : "";
    const parts = tokenParts(spec.policy, spec.schema, contribution);
    const position = `${keyHex}:${encodeToken("recencyFirst", { ...parts, valueHash: Buffer.alloc(0) }).toString("hex")}`;
    const value = parts.valueHash.toString("hex");
    if ((seen.get(position) ?? value) !== value) ambiguous.set(keyHex, contribution.key);
    seen.set(position, value);
  }
  return [...ambiguous].sort(([a], [b]) => compareStrings(a, b)).map(([, key]) => key);
}

/** Of the set of contributions, whatever their order; without their ranks, which are the policy's. */
function digestContributions(spec: MergeSpec, contributions: readonly Contribution[]): string {
  const unranked = { ...spec.policy, trust: {} };
  const columns = keyColumns(spec.schema, spec.policy.key);
  const sums: [bigint, bigint] = [0n, 0n];
  for (const contribution of contributions) {
    const key = canonicalKey(columns, contribution.key);
    const token = encodeToken("recencyFirst", tokenParts(unranked, spec.schema, contribution));
    const hash = createHash("sha256")
      .update(key.kind === "key" ? key.bytes : "")
      .update(token)
      .digest();
    sums[0] += hash.readBigInt64BE(0);
    sums[1] += hash.readBigInt64BE(8);
  }
  return finishRowDigest({ rowCount: contributions.length, sums });
}
