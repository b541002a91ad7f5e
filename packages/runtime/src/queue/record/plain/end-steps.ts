import { sql } from "kysely";
import pg from "pg";
import type { NewEvent } from "../../../ledger/events.ts";
import type { LedgerDb } from "../../../ledger/open-ledger.ts";
import { toMaterializationId, type MaterializationId, type RunId } from "../../../ledger/records.ts";
import type { HeldStep } from "../../claim/take-ready.ts";
import { indexReasons } from "../../shape/dependencies.ts";
import { getAssetOf, getPartitionOf, type ShapeAsset } from "../../shape/run-shape.ts";
import type { StoredShape } from "../../shape/shape-cache.ts";
import { renderFingerprints } from "../insert-versions.ts";
import type { EndGroup, PlainEnd } from "./plain-ends.ts";

/** All that the call writes. */
interface PlainWrite {
  readonly runId: RunId;
  readonly shape: StoredShape;
  /** That the run will have. */
  readonly revision: number;
  readonly workerId: string;
  readonly ends: readonly PlainEnd[];
  readonly groups: readonly EndGroup[];
  readonly doneHolds: readonly number[];
  readonly held: readonly HeldStep[];
  readonly ready: readonly number[];
  readonly made: readonly number[];
  readonly events: readonly NewEvent[];
}

/** One of the steps is not held any more, or a version is known already: somebody has been faster. */
export function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === "WM001" || error.code === "23505");
}

/** Calls `watersmeet.end_steps`: see migration 000009. Gives the ids of the versions in the order of the ends; `null` when the run is not as it was. */
export async function endSteps(db: LedgerDb, write: PlainWrite): Promise<readonly MaterializationId[] | null> {
  const { runId, revision, workerId, ends, events, held } = write;
  const kinds = createKinds();
  const [written, ready] = [renderEnds(ends, kinds), renderReady(write, kinds)];
  const { rows } = await sql<{ ids: string | null }>`
    select watersmeet.end_steps(${runId}, ${revision - 1}, ${workerId}, ${renderKinds(write.shape, kinds)}, ${renderCounts(write.groups)},
      ${ends.filter((end) => end.isHeld).length}, ${written}, ${write.made}::integer[], ${write.doneHolds}::integer[],
      ${held.map((step) => step.ordinal)}::integer[], ${ready},
      ${events.map((event) => event.kind)}::text[], ${events.map((event) => event.asset ?? null)}::text[],
      ${events.map((event) => event.partition ?? null)}::text[], ${events.map((event) => JSON.stringify(event.body))}::jsonb[])::text as ids`.execute(
    db,
  );
  const ids = rows[0]?.ids;
  return ids == null ? null : ids.slice(1, -1).split(",").map(toMaterializationId);
}

/** What many steps have in common is sent once: their asset, and the positions of what they have read. */
interface Kinds {
  /** Its number, from 1 as Postgres counts. */
  add(asset: ShapeAsset, inputs: string): number;
  readonly list: readonly { readonly asset: ShapeAsset; readonly inputs: string }[];
}

function createKinds(): Kinds {
  const numbers = new Map<ShapeAsset, Map<string, number>>();
  const list: { readonly asset: ShapeAsset; readonly inputs: string }[] = [];
  return {
    list,
    add(asset, inputs) {
      const known = numbers.get(asset) ?? new Map<string, number>();
      if (known.size === 0) numbers.set(asset, known);
      const number = known.get(inputs) ?? list.push({ asset, inputs });
      known.set(inputs, number);
      return number;
    },
  };
}

function renderKinds({ positions }: StoredShape, { list }: Kinds) {
  const each = list.map((kind) => ({ ...kind, position: positions[kind.asset.position] }));
  return sql`${each.map(({ asset }) => asset.key)}::text[], ${each.map(({ position }) => position?.store ?? "")}::text[],
    ${each.map(({ asset }) => asset.planned.codeVersion)}::text[], ${each.map(({ asset }) => asset.planned.schemaVersion)}::text[],
    ${each.map(({ inputs }) => inputs)}::text[], ${each.map(({ position }) => position?.lane ?? 0)}::smallint[],
    ${each.map(({ position }) => position?.priority ?? 0)}::integer[]`;
}

function renderCounts(groups: readonly EndGroup[]) {
  const counts = groups.map(({ asset, ends }) => {
    let [rowCount, busyMs, firstMs, lastMs] = [0, 0, Number.POSITIVE_INFINITY, 0];
    for (const { ended, commit } of ends) {
      const [startedMs, finishedMs] = [ended.startedAt.getTime(), ended.finishedAt.getTime()];
      rowCount += commit.rowCount;
      busyMs += finishedMs - startedMs;
      firstMs = Math.min(firstMs, startedMs);
      lastMs = Math.max(lastMs, finishedMs);
    }
    return { position: asset.position, count: ends.length, rowCount, busyMs: Math.round(busyMs), firstMs, lastMs };
  });
  return sql`${counts.map((each) => each.position)}::integer[], ${counts.map((each) => each.count)}::integer[],
    ${counts.map((each) => each.rowCount)}::bigint[], ${counts.map((each) => each.busyMs)}::bigint[],
    ${counts.map((each) => each.firstMs)}::float8[], ${counts.map((each) => each.lastMs)}::float8[]`;
}

/** Column by column. What nothing differs in is left out: `null` stands for it. */
function renderEnds(ends: readonly PlainEnd[], kinds: Kinds) {
  const inputs = listInputs(ends);
  const timings = ends.flatMap(({ outcome: { timings: each } }) => [
    each.userMs,
    each.stageMs,
    each.gateMs,
    each.commitMs,
  ]);
  const isAllGood = ends.every(({ outcome }) => outcome.quarantinedCount === 0);
  const isSilent = ends.every(({ outcome }) => isEmpty(outcome.facts));
  return sql`${ends.map(({ asset }, index) => kinds.add(asset, inputs.positions[index] ?? "{}"))}::integer[],
    ${ends.map(({ step }) => step.ordinal)}::integer[], ${ends.map(({ step }) => step.attempt)}::integer[],
    ${ends.map(({ step }) => step.reason)}::smallint[], ${ends.map(({ commit }) => commit.partition)}::text[],
    ${ends.map(({ commit }) => commit.version)}::integer[], ${ends.map(({ commit }) => commit.commitId)}::text[],
    ${ends.map(({ commit }) => commit.dataDigest)}::text[], ${ends.map(({ commit }) => commit.rowCount)}::bigint[],
    ${ends.map(({ outcome }) => outcome.sizeBytes)}::bigint[],
    ${isAllGood ? null : ends.map(({ outcome }) => outcome.quarantinedCount)}::bigint[],
    ${isSilent ? null : ends.map(({ outcome }) => JSON.stringify(outcome.facts))}::jsonb[], ${timings}::real[],
    ${ends.map(({ ended }) => ended.startedAt.getTime())}::float8[], ${ends.map(({ ended }) => ended.finishedAt.getTime())}::float8[],
    ${ends.map(({ commit }) => commit.committedAt)}::timestamptz[], ${inputs.ids}::bigint[], ${inputs.ends}::integer[],
    ${ends.map(({ ended, asset }) => renderFingerprints(ended.inputs, { positions: positionsOf(asset) }))}::jsonb[]`;
}

/** Of all ends one after another: records of what they have read, and where those of each end stop; and of each end the positions, as an array. */
function listInputs(ends: readonly PlainEnd[]): {
  readonly ids: readonly MaterializationId[];
  readonly ends: readonly number[];
  readonly positions: readonly string[];
} {
  const ids: MaterializationId[] = [];
  const stops: number[] = [];
  const positions: string[] = [];
  for (const { ended } of ends) {
    let text = "";
    for (const [index, id] of ended.inputIds.entries()) {
      ids.push(id);
      // Positions are indexes and member names with dots between: nothing in them needs a quote.
      text += `${index === 0 ? "" : ","}"${ended.inputs[index]?.position ?? ""}"`;
    }
    stops.push(ids.length);
    positions.push(`{${text}}`);
  }
  return { ids, ends: stops, positions };
}

function positionsOf(asset: ShapeAsset): readonly string[] {
  return asset.inputs.map((input) => input.planned.position);
}

function isEmpty(facts: PlainEnd["outcome"]["facts"]): boolean {
  return typeof facts === "object" && facts !== null && !Array.isArray(facts) && Object.keys(facts).length === 0;
}

function renderReady({ shape, ready }: PlainWrite, kinds: Kinds) {
  const places = ready.map((step) => {
    const asset = getAssetOf(shape, step);
    return { asset, partition: getPartitionOf(asset, step) };
  });
  return sql`${ready}::integer[], ${places.map(({ asset }) => kinds.add(asset, "{}"))}::integer[],
    ${places.map(({ asset, partition }) => asset.space.keyAt(partition))}::text[],
    ${places.map(({ asset, partition }) => indexReasons(asset)(partition))}::smallint[]`;
}
