import type { Column, Row } from "../../schema/row-schema.ts";
import type { Contribution, MergeSpec } from "../contribution/contribution.ts";
import { canonicalKey, keyColumns } from "../contribution/key.ts";
import { encodeToken, tokenParts, type TokenOrder, type TokenParts } from "../contribution/token.ts";
import { countFates, type Fate, type FateCounts } from "./fates.ts";
import { foldRows, rowCellRules, type CellRules, type Entry, type FoldedRow } from "./fold-rows.ts";
import { rowRules } from "./row-policies.ts";

/** What a set of contributions comes to. */
export interface Fold {
  /** By key bytes, those of one key by their canonical bytes. */
  readonly rows: readonly FoldedRow[];
  /** In the order of the contributions given. */
  readonly fates: readonly Fate[];
  readonly counts: FateCounts;
  /** Keys that have different rows although `unionDistinct` allows only equal ones; they are in no row. By key bytes. */
  readonly conflicts: readonly Row[];
}

/** The replaceable parts of a fold, so that a test can show that each of them matters. */
export interface FoldRules extends CellRules {
  keyBytes(columns: readonly Column[], key: Row): Buffer;
  token(order: TokenOrder, parts: TokenParts): Buffer;
  /** Whether a delete or retract at `clock` hides a contribution at `token`; both are recency-first. */
  isMasked(token: Buffer, clock: Buffer): boolean;
}

export const foldRules: FoldRules = {
  keyBytes,
  token: encodeToken,
  isMasked: (token, clock) => Buffer.compare(token, clock) <= 0,
  ...rowCellRules,
};

/**
 * The merged table, as a pure function of the set of contributions: neither their order nor how they were batched counts.
 * This is the reference; the stores fold in SQL and must give the same bytes.
 *
 * A row exists when an upsert is later than the last delete of its key and not retracted by its source; each cell comes from the
 * contribution that its column's policy prefers among those that survive and carry the column.
 */
export function fold(spec: MergeSpec, contributions: readonly Contribution[]): Fold {
  return foldWith(foldRules, spec, contributions);
}

export function foldWith(rules: FoldRules, spec: MergeSpec, contributions: readonly Contribution[]): Fold {
  const key = keyColumns(spec.schema, spec.policy.key);
  const entries = contributions.map((contribution, index) => enter(rules, spec, { key, contribution, index }));
  const byKey = Map.groupBy(entries, (entry) => entry.keyHex);
  const fates = contributions.map((): Fate => "superseded");
  const rows: FoldedRow[] = [];
  const conflicts: Row[] = [];
  for (const keyHex of [...byKey.keys()].sort()) {
    const outcome = foldKey(rules, spec, byKey.get(keyHex) ?? []);
    for (const { index, fate } of outcome.fates) fates[index] = fate;
    rows.push(...outcome.rows);
    if (outcome.conflict !== undefined) conflicts.push(outcome.conflict);
  }
  return { rows, fates, counts: countFates(fates), conflicts };
}

interface KeyOutcome {
  readonly rows: readonly FoldedRow[];
  readonly conflict?: Row;
  readonly fates: readonly { readonly index: number; readonly fate: Fate }[];
}

interface Given {
  readonly key: readonly Column[];
  readonly contribution: Contribution;
  readonly index: number;
}

function enter(rules: FoldRules, spec: MergeSpec, { key, contribution, index }: Given): Entry {
  const canonical = canonicalKey(key, contribution.key);
  if (canonical.kind === "fault")
    throw new TypeError(`A contribution's key has the fault ${canonical.fault} in "${canonical.column}"`);
  const parts = tokenParts(spec.policy, spec.schema, contribution);
  return {
    contribution,
    index,
    keyHex: rules.keyBytes(key, contribution.key).toString("hex"),
    recency: rules.token("recencyFirst", parts),
    priority: rules.token("priorityFirst", parts),
  };
}

function foldKey(rules: FoldRules, spec: MergeSpec, delivered: readonly Entry[]): KeyOutcome {
  const entries = [...new Map(delivered.map((entry) => [identify(spec, entry), entry])).values()];
  const clocks = readClocks(entries);
  const survivors = entries.filter(
    (entry) => entry.contribution.operation === "upsert" && !isHidden(rules, clocks, entry),
  );
  const { rows, winning, losers, isConflict } = foldRows(rules, spec, survivors);
  const winners = new Set([...winning, ...clocks.inForce]);
  const kept = new Set(entries);
  const survived = new Set(survivors);
  const fateOf = (entry: Entry): Fate => {
    if (!kept.has(entry)) return "duplicate";
    if (winners.has(entry)) return "winner";
    if (entry.contribution.operation !== "upsert") return "superseded";
    return survived.has(entry) ? losers : "masked";
  };
  return {
    rows,
    ...(isConflict ? { conflict: entries[0]?.contribution.key ?? {} } : {}),
    fates: delivered.map((entry) => ({ index: entry.index, fate: fateOf(entry) })),
  };
}

/** What makes two contributions the same one, delivered again. */
function identify(spec: MergeSpec, { recency, contribution }: Entry): string {
  const token = recency.toString("hex");
  return rowRules[spec.policy.rows].keepsCopies ? `${token}:${contribution.batchId}:${contribution.copy}` : token;
}

interface Clocks {
  readonly deletedAt: Buffer | undefined;
  readonly retractedAt: ReadonlyMap<string, Buffer>;
  readonly inForce: readonly Entry[];
}

/** The latest delete of the key, and the latest retract of each source. */
function readClocks(entries: readonly Entry[]): Clocks {
  const latest = (some: readonly Entry[]) =>
    some.reduce<Entry | undefined>(
      (best, other) => (best === undefined || Buffer.compare(other.recency, best.recency) > 0 ? other : best),
      undefined,
    );
  const deleted = latest(entries.filter((entry) => entry.contribution.operation === "delete"));
  const retracts = Map.groupBy(
    entries.filter((entry) => entry.contribution.operation === "retract"),
    (entry) => entry.contribution.source,
  );
  const retracted = [...retracts.values()].flatMap((some) => latest(some) ?? []);
  return {
    deletedAt: deleted?.recency,
    retractedAt: new Map(retracted.map((entry) => [entry.contribution.source, entry.recency])),
    inForce: deleted === undefined ? retracted : [deleted, ...retracted],
  };
}

function isHidden(rules: FoldRules, clocks: Clocks, { recency, contribution }: Entry): boolean {
  const retractedAt = clocks.retractedAt.get(contribution.source);
  return (
    (clocks.deletedAt !== undefined && rules.isMasked(recency, clocks.deletedAt)) ||
    (retractedAt !== undefined && rules.isMasked(recency, retractedAt))
  );
}

function keyBytes(columns: readonly Column[], key: Row): Buffer {
  const canonical = canonicalKey(columns, key);
  if (canonical.kind === "key") return canonical.bytes;
  throw new TypeError(`A contribution's key has the fault ${canonical.fault} in "${canonical.column}"`);
}
