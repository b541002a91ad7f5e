import { WatersmeetError } from "@watersmeet/core/errors";
import {
  makeBatchId,
  makeBatchKey,
  rowRules,
  type BatchPart,
  type BatchScope,
  type LateClass,
} from "@watersmeet/core/merge";
import type { StagedBranch } from "../../port/staged-merge.ts";
import { numberOf, textOf, type SqlRow } from "../../sql-session.ts";
import { insertBatches, readExtent, takeBatchNumbers, type CatalogBatch } from "../catalog/batches.ts";
import { contributionTableName } from "../contribution-table.ts";
import { listReadColumns, readDeliveredColumns, type DeliveredColumns } from "./delivered-columns.ts";
import { diffSnapshot } from "./diff-snapshot.ts";
import { storeBounds } from "./judge-lateness.ts";
import { renderOutsideCounts, renderScoped } from "./render-scope.ts";
import {
  renderAmbiguousKeys,
  renderLateCounts,
  renderMarkCopies,
  renderSeal,
  renderSealFigures,
  type SealedSelect,
} from "./render-seal.ts";
import type { LateJudgement, NewDelivery, SealContext } from "./seal-context.ts";

/** Deliveries of one branch that are sealed together. */
interface Chunk {
  readonly branch: StagedBranch;
  readonly judgement: LateJudgement;
  readonly delivered: DeliveredColumns;
  readonly table: string;
  readonly deliveries: readonly NumberedDelivery[];
}

/** A delivery and the numbers of the batches that its rows may go to. */
interface NumberedDelivery extends NewDelivery {
  readonly numbers: Readonly<Record<BatchPart, number>>;
}

/** What was counted of the batches with these numbers; one without rows is in none of them. */
interface Counted {
  /** As delivered. */
  readonly whole: ReadonlyMap<number, SqlRow>;
  /** As kept: of a snapshot only what changed. */
  readonly kept: ReadonlyMap<number, SqlRow>;
  readonly retracts: number;
  readonly lateness: ReadonlyMap<number, Lateness>;
  /** Rows of other partitions. */
  readonly outside: ReadonlyMap<number, number>;
}

type Lateness = Readonly<Partial<Record<LateClass, number>>>;

/**
 * Reads deliveries of one branch into sealed batches, many with one statement; answers the batches of each, the one that is in time first. One without rows is a batch, too:
 * it says that there was nothing.
 */
export async function sealRows(
  context: SealContext,
  branch: StagedBranch,
  deliveries: readonly NewDelivery[],
): Promise<readonly (readonly CatalogBatch[])[]> {
  const common = {
    branch,
    judgement: context.judge(branch.name),
    delivered: readDeliveredColumns(context.spec, branch),
    table: contributionTableName(context.host.assetId, context.spec.schema),
  };
  const sealed = new Map<NewDelivery, readonly CatalogBatch[]>();
  for (const some of splitByParameters(deliveries)) {
    const groups = await inTransaction(context, async () => {
      const numbered = await numberDeliveries(context, some);
      return await sealChunk(context, { ...common, deliveries: numbered });
    });
    for (const [index, one] of some.entries()) sealed.set(one, groups[index] ?? []);
  }
  return deliveries.map((one) => sealed.get(one) ?? []);
}

/** A query numbers its parameters for itself, so that it stands alone. */
function splitByParameters(deliveries: readonly NewDelivery[]): readonly (readonly NewDelivery[])[] {
  const alone = deliveries.filter(({ delivery }) => delivery.query.parameters.length > 0);
  const together = deliveries.filter((one) => !alone.includes(one));
  return [...(together.length === 0 ? [] : [together]), ...alone.map((one) => [one])];
}

async function numberDeliveries(
  { host }: SealContext,
  deliveries: readonly NewDelivery[],
): Promise<readonly NumberedDelivery[]> {
  const numbers = await takeBatchNumbers(host.session, deliveries.length * 3);
  return deliveries.map((one, index) => {
    const [main = 0, held = 0, rejected = 0] = numbers.slice(index * 3, index * 3 + 3);
    return { ...one, numbers: { main, held, rejected } };
  });
}

async function sealChunk(context: SealContext, chunk: Chunk): Promise<readonly (readonly CatalogBatch[])[]> {
  const { host } = context;
  const outside = await insertRows(context, chunk);
  const whole = await readFigures(context, chunk, { hasFeed: hasFeed(chunk) });
  await settleCopies(context, chunk, whole);
  const retracts = await diffSnapshots(context, chunk);
  const kept = retracts === null ? whole : await readFigures(context, chunk, { hasFeed: true });
  const lateness = await readLateness(context, chunk);
  const counted: Counted = { whole, kept, retracts: retracts ?? 0, lateness, outside };
  const groups = chunk.deliveries.map((one) => describeDelivery(context, chunk, { one, counted }));
  await insertBatches(
    host.session,
    { assetId: host.assetId, partition: host.target.partition },
    { batches: groups.flat(), stagedBy: host.target.attempt },
  );
  return groups;
}

/** Answers how many rows of each delivery were left out, since they belong to other partitions. */
async function insertRows(
  context: SealContext,
  { delivered, deliveries, judgement, table }: Chunk,
): Promise<ReadonlyMap<number, number>> {
  const { dialect, host, scope, spec } = context;
  const read = await host.renderQueries(
    deliveries.map(({ delivery }) => delivery.query),
    listReadColumns(delivered),
  );
  const whole = deliveries.map((one, index) => ({ number: one.numbers.main, select: read[index]?.sql ?? "" }));
  const selects = deliveries.map((one, index): SealedSelect => {
    const select = renderScoped(dialect, spec, { scope, select: read[index]?.sql ?? "" });
    return { number: one.numbers.main, select, splits: splitsOf(judgement, one) };
  });
  const parameters = deliveries.length === 1 ? (read[0]?.parameters ?? []) : [];
  const seal = { table, delivered, latestTime: judgement.latestTime, batches: selects };
  await host.session.run(renderSeal(dialect, spec, seal), parameters);
  if (scope === null) return new Map();
  const rows = await host.session.run(renderOutsideCounts(dialect, spec, { scope, batches: whole }), parameters);
  return new Map(rows.map((row) => [numberOf(row, "number"), numberOf(row, "count")]));
}

/** A delivery that takes the place of another is not split: what waits of it would be missing, since what it replaces is gone. */
function splitsOf(judgement: LateJudgement, { numbers, replaces }: NumberedDelivery): SealedSelect["splits"] {
  const isSplit = judgement.bounds.some(({ treatment }) => treatment !== "admit");
  if (!isSplit || replaces.length > 0) return [];
  const parts = { admit: numbers.main, hold: numbers.held, reject: numbers.rejected } as const;
  return judgement.bounds.map(({ before, treatment }) => ({ before, number: parts[treatment] }));
}

function hasFeed({ delivered }: Chunk): boolean {
  return delivered.operation !== null || delivered.sequence !== null || delivered.present !== null;
}

function numbersOf({ deliveries }: Pick<Chunk, "deliveries">): readonly number[] {
  return deliveries.flatMap(({ numbers }) => Object.values(numbers));
}

async function readFigures(
  { host, spec }: SealContext,
  chunk: Chunk,
  form: { readonly hasFeed: boolean },
): Promise<ReadonlyMap<number, SqlRow>> {
  const sealed = { table: chunk.table, batches: numbersOf(chunk), ...form };
  const rows = await host.session.run(renderSealFigures(spec, sealed));
  return new Map(rows.map((row) => [numberOf(row, "_batch"), row]));
}

/** Rows of a batch with an equal token must be equal, and one of them counts. */
async function settleCopies(context: SealContext, chunk: Chunk, figures: ReadonlyMap<number, SqlRow>): Promise<void> {
  const { dialect, host, spec } = context;
  for (const [batch, row] of figures) {
    if (numberOf(row, "ties") === 0) continue;
    const sealed = { table: chunk.table, batch, hasFeed: hasFeed(chunk) };
    if (!rowRules[spec.policy.rows].keepsCopies) {
      const ambiguous = await host.session.run(renderAmbiguousKeys(dialect, spec, sealed));
      if (ambiguous.length > 0) throw refuseAmbiguous(context, chunk, ambiguous);
    }
    await host.session.run(renderMarkCopies(dialect, spec, sealed));
  }
}

function refuseAmbiguous(
  { host: { target } }: SealContext,
  { branch }: Chunk,
  ambiguous: readonly SqlRow[],
): WatersmeetError {
  const keys = ambiguous.map((one) => textOf(one, "key_json"));
  return new WatersmeetError(
    "MERGE_BATCH_AMBIGUOUS",
    `Branch "${branch.name}" of ${target.asset.key} delivers different rows with the same key and time: ${keys.slice(0, 3).join(", ")}${keys.length > 3 ? ", …" : ""}`,
    {
      hint: "Nothing can tell which of them holds. Deliver one row per key and time, or give the merge an event time or a sequence that tells them apart.",
      details: { asset: target.asset.key, partition: target.partition, branch: branch.name, keys },
    },
  );
}

/** A snapshot is sealed alone. `null`: it is none, or the first of its source, which says all of it. */
async function diffSnapshots(
  context: SealContext,
  { branch, delivered, deliveries, table }: Chunk,
): Promise<number | null> {
  const [delivery] = deliveries;
  if (delivery === undefined || delivery.chain.length === 0) return null;
  const { main, ...late } = delivery.numbers;
  const snapshot = { table, batch: main, parts: [main, ...Object.values(late)], carried: delivered.columns };
  return await diffSnapshot(context, { branch, snapshot, delivery });
}

/** By batch. Of a delivery that takes the place of another only what is new in it is late. */
async function readLateness(context: SealContext, chunk: Chunk): Promise<ReadonlyMap<number, Lateness>> {
  const { host, spec } = context;
  const { judgement } = chunk;
  if (judgement.bounds.length === 0) return new Map();
  const first = chunk.deliveries.filter(({ replaces }) => replaces.length === 0);
  const questions = [
    ...(first.length === 0 ? [] : [{ batches: numbersOf({ deliveries: first }), before: null }]),
    ...chunk.deliveries
      .filter(({ replaces }) => replaces.length > 0)
      .map(({ numbers, replaces }) => ({
        batches: [numbers.main],
        before: context.reader.renderContributions(replaces),
      })),
  ];
  const lateness = new Map<number, Lateness>();
  for (const question of questions) {
    const rows = await host.session.run(
      renderLateCounts(spec, { table: chunk.table, carried: chunk.delivered.columns, ...question }, judgement.bounds),
    );
    for (const row of rows) {
      const number = numberOf(row, "_batch");
      lateness.set(number, { ...lateness.get(number), [textOf(row, "class")]: numberOf(row, "row_count") });
    }
  }
  return lateness;
}

function describeDelivery(
  context: SealContext,
  chunk: Chunk,
  { one, counted }: { readonly one: NumberedDelivery; readonly counted: Counted },
): readonly CatalogBatch[] {
  const main = {
    number: one.numbers.main,
    part: partOfMain(chunk.judgement, one, counted.lateness.get(one.numbers.main)),
  };
  const late = (["held", "rejected"] as const)
    .map((part) => ({ number: one.numbers[part], part }))
    .filter(({ number }) => counted.kept.has(number));
  return [main, ...late].map((place) => describeBatch(context, chunk, { one, counted, ...place }));
}

/** Where one delivery takes the place of another and has something new that came too late, it waits as a whole, and the other stays. */
function partOfMain(judgement: LateJudgement, one: NumberedDelivery, lateness: Lateness = {}): BatchPart {
  if (one.replaces.length === 0) return "main";
  const late = judgement.bounds.filter((bound) => (lateness[bound.class] ?? 0) > 0);
  if (late.some(({ treatment }) => treatment === "hold")) return "held";
  return late.some(({ treatment }) => treatment === "reject") ? "rejected" : "main";
}

function describeBatch(
  { form, host, spec }: SealContext,
  { branch, delivered, judgement }: Chunk,
  {
    one,
    counted,
    number,
    part,
  }: { readonly one: NumberedDelivery; readonly counted: Counted; readonly number: number; readonly part: BatchPart },
): CatalogBatch {
  const { delivery, digest, generation, chain } = one;
  const count = (figures: ReadonlyMap<number, SqlRow>, name: string, of = number) => {
    const row = figures.get(of);
    return row === undefined ? 0 : numberOf(row, name);
  };
  const kept = counted.kept.get(number) ?? {};
  // What a snapshot says again is counted where it is in time, also where it would have come too late to be said for the first time.
  const isMain = number === one.numbers.main;
  const known = isMain
    ? Object.values(one.numbers).reduce(
        (sum, of) => sum + count(counted.whole, "accepted", of) - count(counted.kept, "accepted", of),
        counted.retracts,
      )
    : 0;
  const scope: BatchScope = {
    asset: host.target.asset.key,
    source: branch.name,
    partition: host.target.partition,
    extent: [part === "main" ? delivery.batchKey : `${delivery.batchKey}#${part}`],
  };
  return {
    number,
    schemaId: form.schemaId,
    source: branch.name,
    batchKey: delivery.batchKey,
    part,
    generation,
    batchId: makeBatchId({ batchKey: makeBatchKey(scope), generation, schemaVersion: form.hash, digest }),
    digest,
    batchSequence: delivery.sequence,
    columns: delivered.columns.map((column) => column.name).filter((column) => !spec.policy.key.includes(column)),
    rowCount: count(counted.kept, "row_count") + known,
    duplicateCount: count(counted.kept, "ties") + known,
    rejectedCount: count(counted.kept, "row_count") - count(counted.kept, "accepted"),
    outsideCount: counted.outside.get(number) ?? 0,
    eventTimes: readExtent(kept, "time"),
    sequences: readExtent(kept, "sequence") ?? { least: 0n, greatest: 0n },
    hasDeletes: count(counted.kept, "deletes") > 0,
    hasRetracts: count(counted.kept, "retracts") > 0,
    hasRowPresence: count(counted.kept, "partial") > 0,
    emits: delivery.emits,
    epoch: form.number,
    baseBatchId: chain.findLast((batch) => batch.part === "main")?.batchId ?? null,
    cursor: delivery.cursor,
    promise: delivery.promise,
    origin: delivery.origin,
    lateness: counted.lateness.get(number) ?? {},
    lateBounds: storeBounds(judgement),
    sealedAt: null,
    sinceVersion: null,
    settledCount: 0,
    settledBefore: null,
  };
}

async function inTransaction<T>({ dialect, host: { session } }: SealContext, work: () => Promise<T>): Promise<T> {
  await session.run(dialect.begin);
  try {
    const result = await work();
    await session.run("commit");
    return result;
  } catch (error) {
    await session.run("rollback").catch(() => {});
    throw error;
  }
}
