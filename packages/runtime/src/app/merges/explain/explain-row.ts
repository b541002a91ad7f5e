import { WatersmeetError } from "@watersmeet/core/errors";
import { cellPolicyOf, cellRules, compareValues, type Contribution, type TokenOrder } from "@watersmeet/core/merge";
import type { Column, Row } from "@watersmeet/core/schema";
import { compareStrings } from "@watersmeet/core/values";
import { findIdsOfCommits } from "../../../ledger/versions/materializations.ts";
import type { Store } from "../../../stores/store.ts";
import { getCut } from "../list-cuts.ts";
import type { MergeDesk } from "../merge-desk.ts";
import { getMerge, nameOf, openStoreOf, type DeskMerge, type DeskParts } from "../merge-subject.ts";
import { isByPresentRules } from "../rules.ts";
import { foldKey, type KeyFold, type Said } from "./contributions.ts";
import { describeSaid, tokenOf } from "./describe-said.ts";
import type { ExplainedCell, ExplainedContribution, Explanation } from "./explanation.ts";
import { findPlace, type KeyPlace } from "./find-place.ts";
import { parseKey } from "./parse-key.ts";

/** Why a row of a merge is as it is in one version: who won each cell, who would have, what hides what, and all that did not count. */
export async function explainRow(parts: DeskParts, request: Parameters<MergeDesk["explain"]>[0]): Promise<Explanation> {
  const merge = getMerge(parts, request.asset);
  const key = parseKey(merge, request.key);
  const columns = listColumns(merge, request.column);
  const store = await openStoreOf(parts, merge);
  const place = await findPlace(store, merge, { key, partition: request.partition, version: request.version });
  const cut = await getCut(parts, { asset: merge.key, ...place });
  const folded = await foldKey(store, merge, { ...place, key });
  if (folded === undefined) throw nothingSaid(merge, place, request.key);
  const commitIds = folded.said.flatMap(({ batch }) => batch.origin?.commitId ?? []);
  const records = await findIdsOfCommits(parts.connections.db, store.storeId, [...new Set(commitIds)]);
  const row = await completeRow(store, merge, { place, key, folded });
  const describe = (said: Said, order: TokenOrder = "recencyFirst"): ExplainedContribution =>
    describeSaid(merge, order, { said, records });
  const shown = new Set<Said>();
  const cells = listCells(merge, { folded, row, describe, shown });
  const tombstones = newestFirst(merge, folded.said).filter(isTombstone);
  for (const said of tombstones) shown.add(said);
  return {
    asset: merge.key,
    ...place,
    cutId: cut.cutId,
    isByPresentRules: isByPresentRules(merge, cut),
    key,
    row,
    cells: cells.filter(({ column }) => columns.includes(column)),
    tombstones: tombstones.map((said) => describe(said)),
    others: newestFirst(merge, folded.said)
      .filter((said) => !shown.has(said))
      .map((said) => describe(said)),
    isConflict:
      folded.fold.conflicts.length > 0 || (merge.policy.rows === "keepConflicts" && folded.fold.rows.length > 1),
  };
}

/** All that are no part of the key, or the one that was asked for. @throws {USAGE_INVALID} */
function listColumns({ key, policy, spec }: DeskMerge, column: string | undefined): readonly string[] {
  const names = spec.schema.columns.map(({ name }) => name).filter((name) => !policy.key.includes(name));
  if (column === undefined) return names;
  if (names.includes(column)) return [column];
  throw new WatersmeetError("USAGE_INVALID", `${key} has no column ${column} outside its key`, {
    hint: `It has ${names.join(", ")}.`,
  });
}

interface CellParts {
  readonly folded: KeyFold;
  readonly row: Row | null;
  readonly describe: (said: Said, order: TokenOrder) => ExplainedContribution;
  /** Filled with the winners. */
  readonly shown: Set<Said>;
}

function listCells(merge: DeskMerge, { folded, row, describe, shown }: CellParts): readonly ExplainedCell[] {
  const [first] = folded.fold.rows;
  const columns = merge.spec.schema.columns.filter(({ name }) => !merge.policy.key.includes(name));
  const survivors = folded.said.filter(
    ({ stored, fate }) => stored.operation === "upsert" && (fate === "winner" || fate === "superseded"),
  );
  const byContribution = new Map<Contribution, Said>(folded.said.map((said) => [said.contribution, said]));
  return columns.map((column) => {
    const policy = cellPolicyOf(merge.policy, column.name);
    const { order } = cellRules[policy];
    const winners = (first?.winners[column.name] ?? []).flatMap((winner) => byContribution.get(winner) ?? []);
    for (const said of winners) shown.add(said);
    const runnersUp = survivors.filter(
      (said) =>
        said.batch.standing === "live" && Object.hasOwn(said.stored.cells, column.name) && !winners.includes(said),
    );
    return {
      column: column.name,
      policy,
      value: row?.[column.name] ?? null,
      winners: winners.map((said) => describe(said, order)),
      runnersUp: inWinningOrder(merge, column, runnersUp).map((said) => describe(said, order)),
    };
  });
}

/** Who would be next if the winners were gone. */
function inWinningOrder(merge: DeskMerge, column: Column, among: readonly Said[]): readonly Said[] {
  const policy = cellPolicyOf(merge.policy, column.name);
  const rule = cellRules[policy];
  const byToken = (a: Said, b: Said): number =>
    Buffer.compare(tokenOf(merge, rule.order, b.contribution), tokenOf(merge, rule.order, a.contribution));
  if (rule.picks === "least") return among.toSorted((a, b) => byToken(b, a));
  if (policy !== "min" && policy !== "max") return among.toSorted(byToken);
  const sign = policy === "max" ? -1 : 1;
  const valueOf = ({ stored }: Said): unknown => stored.cells[column.name];
  return among
    .filter((said) => valueOf(said) !== null)
    .toSorted((a, b) => sign * compareValues(column.type, valueOf(a), valueOf(b)) || byToken(a, b));
}

function newestFirst(merge: DeskMerge, all: readonly Said[]): readonly Said[] {
  const tokens = new Map(
    all.map((said) => [said, tokenOf(merge, "recencyFirst", said.contribution).toString("hex")] as const),
  );
  return all.toSorted((a, b) => compareStrings(tokens.get(b) ?? "", tokens.get(a) ?? ""));
}

function isTombstone({ stored, fate }: Said): boolean {
  return stored.operation !== "upsert" && fate === "winner";
}

/** The row as it was folded again; cells that the author's own functions make are read from the version. */
async function completeRow(
  store: Store,
  merge: DeskMerge,
  at: { readonly place: KeyPlace; readonly key: Row; readonly folded: KeyFold },
): Promise<Row | null> {
  const first = at.folded.fold.rows[0];
  if (first === undefined) return null;
  const row = { ...first.row, ...(await readCustomCells(store, merge, at)) };
  // As the store reads it: a column that is optional and NULL is not there.
  const absent = merge.spec.schema.columns.filter(({ name, nullAs }) => nullAs === "absent" && row[name] === null);
  return Object.fromEntries(Object.entries(row).filter(([name]) => !absent.some((column) => column.name === name)));
}

async function readCustomCells(
  store: Store,
  merge: DeskMerge,
  at: { readonly place: KeyPlace; readonly key: Row },
): Promise<Row> {
  const custom = Object.keys(merge.policy.columns).filter((name) => cellPolicyOf(merge.policy, name) === "custom");
  if (custom.length === 0) return {};
  const [found] = await store.merges.readRows({ asset: merge.stored, ...at.place, key: at.key });
  return found === undefined ? {} : Object.fromEntries(custom.map((name) => [name, found[name] ?? null]));
}

function nothingSaid(
  merge: DeskMerge,
  { partition, version }: KeyPlace,
  key: Readonly<Record<string, string>>,
): WatersmeetError {
  const named = Object.entries(key)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  return new WatersmeetError(
    "NOT_FOUND",
    `Nothing was ever said of ${named} in version ${version} of ${nameOf(merge.key, partition)}`,
    { hint: `\`watersmeet show ${merge.key}\` shows rows with their keys.` },
  );
}
