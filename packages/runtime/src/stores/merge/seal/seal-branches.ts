import { WatersmeetError } from "@watersmeet/core/errors";
import { admitBatch, restatementOf, type BatchStanding, type MergeOrder } from "@watersmeet/core/merge";
import { fingerprint } from "@watersmeet/core/values";
import type { Delivery, StagedBranch } from "../../port/staged-merge.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import { standingsOf, type CatalogCut } from "../catalog/cuts.ts";
import { cellOf, contributionTableName } from "../contribution-table.ts";
import { readDeliveredColumns } from "./delivered-columns.ts";
import { digestDeliveries } from "./digest-deliveries.ts";
import { isRepeated } from "./find-repeated.ts";
import type { NewDelivery, SealContext } from "./seal-context.ts";
import { sealRows } from "./seal-rows.ts";

/** What a branch delivered under one key, and what that means to the merge. */
export interface SealedDelivery {
  /** The parts of it: what is in time, and what is late. */
  readonly batches: readonly CatalogBatch[];
  readonly outcome: "admitted" | "duplicate" | "superseding";
  readonly isSuspect: boolean;
}

/** What is known before anything is read. */
export interface KnownDeliveries {
  /** All published batches of the partition. */
  readonly known: readonly CatalogBatch[];
  /** Cut that the merge builds on. */
  readonly base: CatalogCut | undefined;
  readonly orders: readonly MergeOrder[];
}

/**
 * Makes what the branches deliver sealed batches of the merge's partition, or finds that they are known: then nothing is read.
 * What it writes belongs to the attempt until the commit publishes it.
 */
export async function sealBranches(
  context: SealContext,
  facts: KnownDeliveries,
  branches: readonly StagedBranch[],
): Promise<readonly SealedDelivery[]> {
  const digests = await digestDeliveries(
    context.host.session,
    { policy: context.spec.policy, scope: context.scope },
    branches,
  );
  const sealed: SealedDelivery[] = [];
  for (const branch of branches) sealed.push(...(await sealBranch(context, { facts, branch, digests })));
  await describeContributions(context, facts, sealed);
  return sealed;
}

/** Fewer contributions are read quickly in any case. */
const describedRows = 10_000;

/** Tells the planner what the contributions are like when most of them are new: it would look up each batch in the index, and sort what it should look up. */
async function describeContributions(
  { dialect, host, spec }: SealContext,
  { known }: KnownDeliveries,
  sealed: readonly SealedDelivery[],
): Promise<void> {
  const before = new Set(known.map(({ number }) => number));
  const added = sealed.flatMap(({ batches }) => batches).filter(({ number }) => !before.has(number));
  const [old, fresh] = [known, added].map((batches) => batches.reduce((sum, { rowCount }) => sum + rowCount, 0));
  if (fresh === undefined || fresh < Math.max(describedRows, old ?? 0)) return;
  const columns = ["_batch", ...spec.policy.key.map((name) => cellOf(spec.schema, { name }))];
  for (const statement of dialect.store.renderAnalyze(contributionTableName(host.assetId, spec.schema), columns))
    await host.session.run(statement);
}

interface BranchWork {
  readonly facts: KnownDeliveries;
  readonly branch: StagedBranch;
  readonly digests: ReadonlyMap<Delivery, string>;
}

async function sealBranch(context: SealContext, work: BranchWork): Promise<readonly SealedDelivery[]> {
  const { branch } = work;
  const sealed: SealedDelivery[] = [];
  let waiting: NewDelivery[] = [];
  const seal = async () => {
    const groups = await sealRows(context, branch, waiting);
    for (const [index, batches] of groups.entries()) {
      const outcome = (waiting[index]?.replaces.length ?? 0) > 0 ? "superseding" : "admitted";
      const isSuspect =
        waiting[index]?.isSuspect === true || (await isRepeated(context, batches, listOthers(work, sealed)));
      sealed.push({ batches, outcome, isSuspect });
    }
    waiting = [];
  };
  for (const delivery of branch.deliveries) {
    const chain = delivery.emits === "snapshot" ? chainOf(sealed, { delivery, orders: work.facts.orders }) : [];
    const admitted = admit(context, { ...work, delivery });
    if ("outcome" in admitted) {
      await seal();
      sealed.push(admitted);
      continue;
    }
    waiting.push({ ...admitted, chain });
    // A snapshot is told from the one before it, so that that one must be there.
    if (waiting.length >= deliveriesAtOnce || delivery.emits === "snapshot") await seal();
  }
  await seal();
  return sealed;
}

const deliveriesAtOnce = 64;

/** Batches of the branch that count, or are about to. */
function listOthers({ branch, facts }: BranchWork, sealed: readonly SealedDelivery[]): readonly CatalogBatch[] {
  const live = new Set(facts.base?.live);
  const known = facts.known.filter((batch) => batch.source === branch.name && live.has(batch.number));
  return [...known, ...sealed.flatMap(({ batches }) => batches)];
}

/** Batches of the same source of snapshots, those of one partition of one asset, that were not taken back: what waits was said, too. */
function chainOf(
  sealed: readonly SealedDelivery[],
  { delivery: { origin }, orders }: { readonly delivery: Delivery; readonly orders: readonly MergeOrder[] },
): readonly CatalogBatch[] {
  const revoked = new Set(orders.filter(({ kind }) => kind === "revoke").map(({ batchId }) => batchId));
  return sealed
    .flatMap(({ batches }) => batches)
    .filter(
      (batch) =>
        batch.origin?.asset === origin.asset &&
        batch.origin.partition === origin.partition &&
        !revoked.has(batch.batchId),
    );
}

type DeliveryWork = BranchWork & { readonly delivery: Delivery };

interface Generation {
  readonly generation: number;
  readonly batches: readonly CatalogBatch[];
}

/**
 * What a delivery means (M19): something that the cut before knows, something that another version has as the newest of its key, or rows to be read.
 * @throws {MERGE_BATCH_CONFLICT}
 */
function admit(context: SealContext, work: DeliveryWork): SealedDelivery | Omit<NewDelivery, "chain"> {
  const { facts, branch, delivery, digests } = work;
  const digest = digests.get(delivery) ?? "";
  const generations = listGenerations(work);
  const standings = facts.base === undefined ? new Map<number, BatchStanding>() : standingsOf(facts.base);
  const existing = facts.known.flatMap((batch) => {
    const standing = standings.get(batch.number);
    return standing === undefined || batch.source !== branch.name ? [] : [{ ...batch, standing }];
  });
  const same = generations.find(({ batches }) => batches[0]?.digest === digest);
  const isMore = same !== undefined && saysMore(context, work, same);
  const incoming = { batchKey: delivery.batchKey, digest: isMore ? fingerprint([digest, "anew"]) : digest };
  const admission = admitBatch(existing, incoming, restatementOf(delivery.emits));
  const ofGeneration = (number: number) => generations.find(({ generation }) => generation === number)?.batches ?? [];
  if (admission.kind === "duplicate")
    return { batches: ofGeneration(admission.generation), outcome: "duplicate", isSuspect: false };
  if (admission.kind === "refused") throw refuseBatch(context, work, admission.live);
  const replaced = admission.kind === "superseding" ? ofGeneration(admission.supersedes) : [];
  const [newest] = generations;
  if (same !== undefined && !isMore && (delivery.emits !== "state" || same === newest))
    return { batches: same.batches, outcome: replaced.length > 0 ? "superseding" : "admitted", isSuspect: false };
  const isSuspect = admission.kind === "admitted" && admission.isSuspect;
  const replaces = replaced.filter(({ number }) => standings.get(number) === "live");
  return { delivery, digest, generation: (newest?.generation ?? 0) + 1, replaces, isSuspect };
}

/** Of the delivery's key, newest first. */
function listGenerations({ facts, branch, delivery }: DeliveryWork): readonly Generation[] {
  const ofKey = facts.known.filter((batch) => batch.source === branch.name && batch.batchKey === delivery.batchKey);
  return [...Map.groupBy(ofKey, (batch) => batch.generation)]
    .map(([generation, batches]) => ({ generation, batches }))
    .sort((a, b) => b.generation - a.generation);
}

/**
 * What says all under its key says more when its branch delivers a column that it did not have then: it is read anew. A feed's batch stays as it was written, and the column is
 * absent in it.
 */
function saysMore({ spec }: SealContext, { branch, delivery }: DeliveryWork, { batches }: Generation): boolean {
  const [batch] = batches;
  if (delivery.emits !== "state" || batch === undefined) return false;
  const { columns } = readDeliveredColumns(spec, branch);
  const carried = new Set([...batch.columns, ...spec.policy.key]);
  return columns.some(({ name }) => !carried.has(name));
}

function refuseBatch(
  { host: { target } }: SealContext,
  { branch, delivery }: DeliveryWork,
  live: number,
): WatersmeetError {
  return new WatersmeetError(
    "MERGE_BATCH_CONFLICT",
    `Branch "${branch.name}" of ${target.asset.key} delivers other rows than before for ${delivery.origin.asset} version ${delivery.origin.version}`,
    {
      hint: `What an asset that emits ${delivery.emits} has delivered stays as it was read. Restore the branch's query and the merge's key, eventTime, operation, sequence and present columns, or give the branch another name: then all of it is read anew.`,
      details: {
        asset: target.asset.key,
        partition: target.partition,
        branch: branch.name,
        batchKey: delivery.batchKey,
        generation: live,
      },
    },
  );
}
