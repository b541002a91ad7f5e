import { WatersmeetError } from "@watersmeet/core/errors";
import { admitBatch, type MergeOrder } from "@watersmeet/core/merge";
import { fingerprint } from "@watersmeet/core/values";
import type { Delivery, StagedBranch } from "../../store.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import { standingsOf, type CatalogCut } from "../catalog/cuts.ts";
import { readDeliveredColumns } from "./delivered-columns.ts";
import { digestDeliveries } from "./digest-deliveries.ts";
import type { NewDelivery, SealContext } from "./seal-context.ts";
import { sealRows } from "./seal-rows.ts";

/** What a branch delivered under one key, and what that means to the merge. */
export interface SealedDelivery {
  /** The parts of it: what is in time, and what is late. */
  readonly batches: readonly CatalogBatch[];
  readonly outcome: "admitted" | "duplicate" | "superseding" | "revoked";
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
  const digests = await digestDeliveries(context.host.session, context.spec.policy, branches);
  const sealed: SealedDelivery[] = [];
  for (const branch of branches) sealed.push(...(await sealBranch(context, { facts, branch, digests })));
  return sealed;
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
      sealed.push({ batches, outcome, isSuspect: waiting[index]?.isSuspect ?? false });
    }
    waiting = [];
  };
  for (const delivery of branch.deliveries) {
    const chain = delivery.emits === "snapshot" ? chainOf(sealed, delivery) : [];
    const found = findKnown(context, { ...work, delivery });
    if (found !== undefined) {
      await seal();
      sealed.push(found);
      continue;
    }
    waiting.push({ ...admit(context, { ...work, delivery }), chain });
    // A snapshot is told from the one before it, so that that one must be there.
    if (waiting.length >= deliveriesAtOnce || delivery.emits === "snapshot") await seal();
  }
  await seal();
  return sealed;
}

const deliveriesAtOnce = 64;

/** Batches of the same source of snapshots: those of one partition of one asset. */
function chainOf(sealed: readonly SealedDelivery[], { origin }: Delivery): readonly CatalogBatch[] {
  return sealed
    .flatMap(({ batches }) => batches)
    .filter((batch) => batch.origin?.asset === origin.asset && batch.origin.partition === origin.partition);
}

type DeliveryWork = BranchWork & { readonly delivery: Delivery };

/** The same content under the same key: what the merge builds on has it, or it was taken back, or another version has it as the newest of its key. */
function findKnown(context: SealContext, work: DeliveryWork): SealedDelivery | undefined {
  const { facts, delivery } = work;
  const generations = listGenerations(work);
  const same = generations.filter((generation) => isSame(context, work, generation));
  const standings = facts.base === undefined ? new Map() : standingsOf(facts.base);
  const inBase = same.find(({ batches }) =>
    batches.some(({ number }) => ["live", "held", "rejected"].includes(standings.get(number) ?? "")),
  );
  if (inBase !== undefined) return { batches: inBase.batches, outcome: "duplicate", isSuspect: false };
  const revoked = same.find(({ batches }) => batches.some((batch) => isRevoked(facts.orders, batch)));
  if (revoked !== undefined) return { batches: revoked.batches, outcome: "revoked", isSuspect: false };
  const [newest] = same;
  const isNewest = newest !== undefined && (delivery.emits !== "state" || newest === generations[0]);
  return isNewest ? { batches: newest.batches, outcome: "admitted", isSuspect: false } : undefined;
}

interface Generation {
  readonly generation: number;
  readonly batches: readonly CatalogBatch[];
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
function isSame({ spec }: SealContext, { branch, delivery, digests }: DeliveryWork, { batches }: Generation): boolean {
  const [batch] = batches;
  if (batch === undefined || batch.digest !== digests.get(delivery)) return false;
  if (delivery.emits !== "state") return true;
  const { columns } = readDeliveredColumns(spec, branch);
  const carried = new Set([...batch.columns, ...spec.policy.key]);
  return columns.every(({ name }) => carried.has(name));
}

function isRevoked(orders: readonly MergeOrder[], { batchId }: CatalogBatch): boolean {
  return orders.some((order) => order.kind === "revoke" && order.batchId === batchId);
}

/** @throws {MERGE_BATCH_CONFLICT} */
function admit(context: SealContext, work: DeliveryWork): Omit<NewDelivery, "chain"> {
  const { facts, branch, delivery, digests } = work;
  const digest = digests.get(delivery) ?? "";
  const live = new Set(facts.base?.live);
  const existing = facts.known
    .filter((batch) => batch.source === branch.name)
    .map((batch) => ({ ...batch, standing: live.has(batch.number) ? ("live" as const) : ("superseded" as const) }));
  // A known content is only here because it is to be read anew.
  const isKnown = existing.some((batch) => batch.batchKey === delivery.batchKey && batch.digest === digest);
  const incoming = { batchKey: delivery.batchKey, digest: isKnown ? fingerprint([digest, "anew"]) : digest };
  const admission = admitBatch(existing, incoming, delivery.emits === "state" ? "supersede" : "refuse");
  if (admission.kind === "refused") throw refuseBatch(context, work, admission.live);
  const replaces = existing.filter((batch) => batch.standing === "live" && batch.batchKey === delivery.batchKey);
  const isSuspect = admission.kind === "admitted" && admission.isSuspect;
  return { delivery, digest, generation: admission.generation, replaces, isSuspect };
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
