import type { Column, Row } from "../schema/row-schema.ts";
import { cellRules, type CellRule } from "./cell-policies.ts";
import { hasCell, type Contribution, type MergeSpec } from "./contribution.ts";
import { countFates, type Fate, type FateCounts } from "./fates.ts";
import { canonicalKey, keyColumns } from "./key.ts";
import { cellPolicyOf, rowPolicyOf, type CellPolicy } from "./policy.ts";
import { encodeToken, hashCells, tokenParts, type TokenOrder, type TokenParts } from "./token.ts";

/** One row of a merged table and where it comes from. */
export interface FoldedRow {
  /** Every column of the schema; a cell that nobody set is `null`. */
  readonly row: Row;
  /** By column: the contributions that its cell comes from. Columns that nobody set are not in it. */
  readonly winners: Readonly<Record<string, readonly Contribution[]>>;
}

/** What a set of contributions comes to. */
export interface Fold {
  /** By key bytes. */
  readonly rows: readonly FoldedRow[];
  /** In the order of the contributions given. */
  readonly fates: readonly Fate[];
  readonly counts: FateCounts;
  /** Keys that have different rows although `unionDistinct` allows only equal ones; they are in no row. By key bytes. */
  readonly conflicts: readonly Row[];
}

/** The replaceable parts of a fold, so that a test can show that each of them matters. */
export interface FoldRules {
  keyBytes(columns: readonly Column[], key: Row): Buffer;
  token(order: TokenOrder, parts: TokenParts): Buffer;
  /** Whether a delete or retract at `clock` hides a contribution at `token`; both are recency-first. */
  isMasked(token: Buffer, clock: Buffer): boolean;
  hasCell(contribution: Contribution, column: string): boolean;
  readonly cells: Readonly<Record<CellPolicy, CellRule>>;
}

export const foldRules: FoldRules = {
  keyBytes,
  token: encodeToken,
  isMasked: (token, clock) => Buffer.compare(token, clock) <= 0,
  hasCell,
  cells: cellRules,
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
    if (outcome.row !== undefined) rows.push(outcome.row);
    if (outcome.conflict !== undefined) conflicts.push(outcome.conflict);
  }
  return { rows, fates, counts: countFates(fates), conflicts };
}

interface Entry {
  readonly contribution: Contribution;
  readonly index: number;
  /** Hex sorts like the bytes it stands for. */
  readonly keyHex: string;
  readonly recency: Buffer;
  readonly priority: Buffer;
}

interface KeyOutcome {
  readonly row?: FoldedRow;
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
  const entries = [...new Map(delivered.map((entry) => [entry.recency.toString("hex"), entry])).values()];
  const clocks = readClocks(entries);
  const survivors = entries.filter(
    (entry) => entry.contribution.operation === "upsert" && !isHidden(rules, clocks, entry),
  );
  const conflict = spec.policy.rows === "unionDistinct" && haveDifferentRows(rules, spec, survivors);
  const row = conflict ? undefined : foldRow(rules, spec, survivors);
  const winning = new Set([...(row?.winning ?? []), ...clocks.inForce]);
  const kept = new Set(entries);
  const survived = new Set(survivors);
  const fateOf = (entry: Entry): Fate => {
    if (!kept.has(entry)) return "duplicate";
    if (winning.has(entry)) return "winner";
    if (entry.contribution.operation !== "upsert") return "superseded";
    if (!survived.has(entry)) return "masked";
    if (conflict) return "rejected";
    return spec.policy.rows === "unionDistinct" ? "duplicate" : "superseded";
  };
  return {
    ...(row === undefined ? {} : { row: row.folded }),
    ...(conflict ? { conflict: entries[0]?.contribution.key ?? {} } : {}),
    fates: delivered.map((entry) => ({ index: entry.index, fate: fateOf(entry) })),
  };
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

function foldRow(
  rules: FoldRules,
  spec: MergeSpec,
  survivors: readonly Entry[],
): { readonly folded: FoldedRow; readonly winning: readonly Entry[] } | undefined {
  if (survivors.length === 0) return undefined;
  const [owner] = chooseEntries(
    rules,
    rowPolicyOf(spec.policy),
    survivors.map((entry) => ({ entry, value: null })),
  ).winners;
  const row: Record<string, unknown> = {};
  const winners: Record<string, readonly Contribution[]> = {};
  const winning = owner === undefined ? [] : [owner];
  for (const { name } of spec.schema.columns) {
    if (spec.policy.key.includes(name)) {
      row[name] = owner?.contribution.key[name];
      continue;
    }
    const candidates = survivors
      .filter(({ contribution }) => rules.hasCell(contribution, name))
      .map((entry) => ({ entry, value: entry.contribution.cells[name] ?? null }));
    row[name] = null;
    if (candidates.length === 0) continue;
    const outcome = chooseEntries(rules, cellPolicyOf(spec.policy, name), candidates);
    row[name] = outcome.value;
    winners[name] = outcome.winners.map((entry) => entry.contribution);
    winning.push(...outcome.winners);
  }
  return { folded: { row, winners }, winning };
}

function chooseEntries(
  rules: FoldRules,
  policy: CellPolicy,
  candidates: readonly { readonly entry: Entry; readonly value: unknown }[],
) {
  const rule = rules.cells[policy];
  return rule.choose(
    candidates.map(({ entry, value }) => ({
      contribution: entry,
      value,
      token: rule.order === "recencyFirst" ? entry.recency : entry.priority,
    })),
  );
}

/** Whether two rows of a key say different things of a column that both carry. */
function haveDifferentRows(rules: FoldRules, spec: MergeSpec, survivors: readonly Entry[]): boolean {
  return spec.schema.columns.some((column) => {
    const only = { columns: [column] };
    const said = survivors.filter(({ contribution }) => rules.hasCell(contribution, column.name));
    return new Set(said.map(({ contribution }) => hashCells(only, contribution).toString("hex"))).size > 1;
  });
}

function keyBytes(columns: readonly Column[], key: Row): Buffer {
  const canonical = canonicalKey(columns, key);
  if (canonical.kind === "key") return canonical.bytes;
  throw new TypeError(`A contribution's key has the fault ${canonical.fault} in "${canonical.column}"`);
}
