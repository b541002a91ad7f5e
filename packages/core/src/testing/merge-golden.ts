import { sealBatch, type DeliveredRow, type SealedBatch } from "../merge/batch/seal-batch.ts";
import type { MergeSpec } from "../merge/contribution/contribution.ts";
import type { Column, Row } from "../schema/row-schema.ts";

const text = (name: string): Column => ({ name, type: { kind: "text" }, isNullable: true, nullAs: "null" });

/** Three sources that describe two customers. `email` and `tier` go to the latest, `name` to the most trusted. */
export const goldenSpec: MergeSpec = {
  policy: {
    key: ["customer"],
    rows: "recencyFirst",
    columns: { name: "priorityFirst" },
    trust: { crm: 3, erp: 2, web: 1 },
    eventTime: "at",
  },
  schema: { columns: [text("customer"), text("name"), text("email"), text("tier")] },
};

export const goldenEventTime: Column = { name: "at", type: { kind: "integer" }, isNullable: false, nullAs: "null" };

/** Cells that a row does not list are absent. */
export const goldenBatches = {
  b1: seal("crm", 1n, [{ row: { customer: "k1", at: 10, name: "Ann", email: "a@x" } }]),
  b2: seal("web", 1n, [
    { row: { customer: "k1", at: 12, email: "ann@w" } },
    { row: { customer: "k2", at: 11, name: "Bob", email: null } },
  ]),
  b3: seal("erp", 1n, [
    { row: { customer: "k1", at: 12, tier: "gold" } },
    { row: { customer: "k2", at: 13 }, operation: "delete" },
  ]),
  b4: seal("web", 2n, [
    { row: { customer: "k1", at: 9, email: "old@w", name: "Annie" } },
    { row: { customer: "k2", at: 12, email: "bob@w" } },
  ]),
  b5: seal("web", 3n, [{ row: { customer: "k2", at: 14, email: "bob2@w" } }]),
  b6: seal("erp", 2n, [{ row: { customer: "k1", at: 12, email: "ann@e" } }]),
  b7: seal("web", 4n, [{ row: { customer: "k1", at: 15 }, operation: "retract" }]),
} as const satisfies Record<string, SealedBatch>;

export type GoldenBatch = keyof typeof goldenBatches;

export interface GoldenSet {
  readonly batches: readonly GoldenBatch[];
  readonly revoked: readonly GoldenBatch[];
  readonly why: string;
  readonly rows: readonly Row[];
}

const k1 = { customer: "k1", name: "Ann", email: "ann@w", tier: "gold" };
const resurrected = { customer: "k2", name: null, email: "bob2@w", tier: null };
const s3: readonly GoldenBatch[] = ["b1", "b2", "b3", "b4", "b5", "b6"];

/** What the batches come to, set by set. */
export const goldenSets: Readonly<Record<"S1" | "S2" | "S3" | "S4" | "S5" | "S6", GoldenSet>> = {
  S1: { batches: ["b1", "b2", "b3"], revoked: [], why: "the delete at 13 is later than 11", rows: [k1] },
  S2: { batches: ["b1", "b2", "b3", "b4"], revoked: [], why: "late rows lose", rows: [k1] },
  S3: {
    batches: s3,
    revoked: [],
    why: "rank breaks the tie at 12; a row that comes back has only its new cells",
    rows: [{ ...k1, email: "ann@e" }, resurrected],
  },
  S4: { batches: s3, revoked: ["b6"], why: "a revocation reveals what had lost", rows: [k1, resurrected] },
  S5: {
    batches: s3,
    revoked: ["b3"],
    why: "without the delete the older cells are there again",
    rows: [
      { ...k1, email: "ann@e", tier: null },
      { ...resurrected, name: "Bob" },
    ],
  },
  S6: {
    batches: [...s3, "b7"],
    revoked: [],
    why: "a retract masks only its own source's cells",
    rows: [{ ...k1, email: "ann@e" }, resurrected],
  },
};

function seal(source: string, batchSequence: bigint, rows: readonly DeliveredRow[]): SealedBatch {
  const batch = {
    source,
    batchKey: `${source}-${batchSequence}`,
    generation: 1,
    schemaVersion: "1",
    batchSequence,
    rows,
  };
  const sealing = sealBatch(goldenSpec, goldenEventTime, batch);
  if (sealing.kind !== "sealed") throw new TypeError(`The golden batch ${batch.batchKey} is ambiguous`);
  return sealing.batch;
}
