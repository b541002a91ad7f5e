import { WatersmeetError } from "@watersmeet/core/errors";
import { admitBatch, restatementOf, type MergeOrder } from "@watersmeet/core/merge";
import { fingerprint } from "@watersmeet/core/values";
import type { BatchOrigin, Delivery, StagedBranch } from "../../port/staged-merge.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import type { CatalogCut } from "../catalog/cuts.ts";
import { cellOf, contributionTableName } from "../contribution-table.ts";
import { readDeliveredColumns } from "./delivered-columns.ts";
import { digestDeliveries, type Digests } from "./digest-deliveries.ts";
import { isRepeated } from "./find-repeated.ts";
import { indexKnown, type Generation, type KnownOfBranch } from "./known-of-branch.ts";
import type { NewDelivery, SealContext } from "./seal-context.ts";
import { sealRows } from "./seal-rows.ts";

/** What a branch delivered under one key, and what that means to the merge. */
export interface SealedDelivery {
  /** The parts of it: what is in time, and what is late. */
  readonly batches: readonly CatalogBatch[];
  /** `carried`: it was not delivered again, and stands as in the cut that is built on. */
  readonly outcome: "admitted" | "duplicate" | "superseding" | "carried";
  readonly isSuspect: boolean;
}

/** What is known before anything is read. */
export interface KnownDeliveries {
  /** All published batches of the partition. */
  readonly known: readonly CatalogBatch[];
  /** Cut that the merge builds on. */
  readonly base: CatalogCut | undefined;
  readonly orders: readonly MergeOrder[];
  /** As in `DeliveryTerms`. */
  readonly formerKeys: readonly (readonly string[])[];
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
  const terms = { policy: context.spec.policy, scope: context.scope, formerKeys: facts.formerKeys };
  const { session } = context.host;
  const digest = (some: readonly StagedBranch[]) => digestDeliveries(session, terms, some);
  const digests = await digest(branches);
  const sealed: SealedDelivery[] = [];
  for (const branch of branches) {
    const known = indexKnown(branch.name, { batches: facts.known, base: facts.base });
    const work = { orders: facts.orders, branch, digests, known };
    const carried = listCarried(work);
    if (carried !== null) {
      sealed.push(...(await sealBranch(context, work, carried)));
      continue;
    }
    const whole = { ...branch, deliveries: (await branch.continues?.listAll()) ?? [] };
    sealed.push(...(await sealBranch(context, { ...work, branch: whole, digests: await digest([whole]) }, [])));
  }
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
  readonly orders: readonly MergeOrder[];
  readonly branch: StagedBranch;
  readonly digests: Digests;
  readonly known: KnownOfBranch;
}

/**
 * What a branch that goes on from the cut that is built on has delivered before. The latest of each input is delivered once more: when its content has the same name as then, so has all that came
 * before it, since each was sealed beside the one before. `null`: it has not, and everything has to be listed.
 */
function listCarried({ branch, digests, known }: BranchWork): readonly SealedDelivery[] | null {
  const { continues, deliveries } = branch;
  if (continues === undefined) return [];
  const isSame = (delivery: Delivery | undefined): boolean => {
    if (delivery === undefined) return false;
    const { batchKey } = delivery;
    const some: readonly string[] = digests.get(delivery) ?? [];
    return known.listAlike({ batchKey, digest: "" }).some(({ digest }) => some.includes(digest));
  };
  const places = new Map(continues.inputs.map((input) => [nameInput(input), input.version]));
  const latest = continues.inputs.map(({ asset, partition, version }) =>
    deliveries.find(
      ({ origin }) => origin.asset === asset && origin.partition === partition && origin.version === version,
    ),
  );
  if (!latest.every(isSame)) return null;
  const again = new Set(deliveries.map(({ batchKey }) => batchKey));
  const carried = known.delivered.filter(
    ({ batchKey, origin }) => origin !== null && places.has(nameInput(origin)) && !again.has(batchKey),
  );
  return [...Map.groupBy(carried, ({ batchKey }) => batchKey).values()].map((batches) => ({
    batches,
    outcome: "carried",
    isSuspect: false,
  }));
}

function nameInput({ asset, partition }: Pick<BatchOrigin, "asset" | "partition">): string {
  return JSON.stringify([asset, partition]);
}

async function sealBranch(
  context: SealContext,
  work: BranchWork,
  carried: readonly SealedDelivery[],
): Promise<readonly SealedDelivery[]> {
  const { branch } = work;
  const sealed: SealedDelivery[] = [...carried];
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
    const chain = delivery.emits === "snapshot" ? chainOf(sealed, { delivery, orders: work.orders }) : [];
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
function listOthers({ known }: BranchWork, sealed: readonly SealedDelivery[]): readonly CatalogBatch[] {
  return [...known.live, ...sealed.flatMap(({ batches }) => batches)];
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

/**
 * What a delivery means (M19): something that the cut before knows, something that another version has as the newest of its key, or rows to be read.
 * @throws {MERGE_BATCH_CONFLICT}
 */
function admit(context: SealContext, work: DeliveryWork): SealedDelivery | Omit<NewDelivery, "chain"> {
  const { delivery, digests, known } = work;
  const generations = known.listGenerations(delivery.batchKey);
  const [now = "", ...former] = digests.get(delivery) ?? [];
  const isKnown = (one: string) => generations.some(({ batches }) => batches[0]?.digest === one);
  // A state is read anew in the present form; a feed's batch stays as it was written, and an upcaster leads on from it.
  const digest = (delivery.emits === "state" ? undefined : former.find(isKnown)) ?? now;
  const same = generations.find(({ batches }) => batches[0]?.digest === digest);
  const isMore = same !== undefined && saysMore(context, work, same);
  const incoming = { batchKey: delivery.batchKey, digest: isMore ? fingerprint([digest, "anew"]) : digest };
  const admission = admitBatch(known.listAlike(incoming), incoming, restatementOf(delivery.emits));
  const ofGeneration = (number: number) => generations.find(({ generation }) => generation === number)?.batches ?? [];
  if (admission.kind === "duplicate")
    return { batches: ofGeneration(admission.generation), outcome: "duplicate", isSuspect: false };
  if (admission.kind === "refused") {
    // That it cannot be read any more is the better reason, where there is it.
    context.reader.isPresent(ofGeneration(admission.live));
    throw refuseBatch(context, work, admission.live);
  }
  const replaced = admission.kind === "superseding" ? ofGeneration(admission.supersedes) : [];
  const [newest] = generations;
  if (same !== undefined && !isMore && (delivery.emits !== "state" || same === newest))
    return { batches: same.batches, outcome: replaced.length > 0 ? "superseding" : "admitted", isSuspect: false };
  const isSuspect = admission.kind === "admitted" && admission.isSuspect;
  const replaces = replaced.filter((batch) => known.standingOf(batch) === "live");
  return { delivery, digest, generation: (newest?.generation ?? 0) + 1, replaces, isSuspect };
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
