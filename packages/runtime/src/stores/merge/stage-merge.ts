import { WatersmeetError } from "@watersmeet/core/errors";
import {
  checkMergePolicy,
  nameCut,
  type BatchStanding,
  type FateCounts,
  type MergeOrder,
  type MergeSpec,
} from "@watersmeet/core/merge";
import { fingerprint, stableJson } from "@watersmeet/core/values";
import type { MergeStaged, MergeStageHost } from "../merge-seam.ts";
import type { MergeScope, StagedBatch, StagedMerge } from "../port/staged-merge.ts";
import type { Staged } from "../store.ts";
import { listBatches, type CatalogBatch } from "./catalog/batches.ts";
import { findCut, insertCut, listPastCuts, type CatalogCut, type OtherStandings } from "./catalog/cuts.ts";
import { listDerived, type DerivedBatch } from "./catalog/derived.ts";
import { assignForm, insertForm, listForms, type EpochForm } from "./catalog/epochs.ts";
import { makeCut } from "./cut/make-cut.ts";
import { standDelivered } from "./cut/stand-delivered.ts";
import { countAllFates } from "./fold/count-fates.ts";
import { findBefore } from "./fold/find-before.ts";
import type { StagedFold } from "./fold/fold-work.ts";
import { stageFold } from "./fold/stage-fold.ts";
import { deriveBatches } from "./forms/derive-batches.ts";
import { createFormReader, type FormReader } from "./forms/read-forms.ts";
import { refuseBrokenChain } from "./forms/refuse-broken-chain.ts";
import type { MergeDialect } from "./merge-dialect.ts";
import { judgeLateness } from "./seal/judge-lateness.ts";
import { sealBranches, type SealedDelivery } from "./seal/seal-branches.ts";
import type { LateJudgement } from "./seal/seal-context.ts";
import { stageQuarantine } from "./seal/stage-quarantine.ts";

/** How an engine works, apart from what it is asked. */
export interface MergeSettings {
  /** Of 1,000 keys, how many may be affected for a fold of them alone; more are folded with all others. */
  readonly partialPerMille: number;
}

/** What the staging of a merge starts from. */
interface Start {
  readonly dialect: MergeDialect;
  readonly settings: MergeSettings;
  readonly host: MergeStageHost;
  readonly merge: StagedMerge;
  readonly spec: MergeSpec;
  readonly known: readonly CatalogBatch[];
  readonly forms: readonly EpochForm[];
  readonly form: EpochForm;
  readonly isNewForm: boolean;
  readonly base: CatalogCut | undefined;
  readonly scope: MergeScope | null;
  readonly orders: readonly MergeOrder[];
  judge(branch: string): LateJudgement;
  /** What upcasters have made of batches. */
  readonly derived: readonly DerivedBatch[];
  readonly reader: FormReader;
}

/**
 * Seals what the branches deliver, decides which batches count, and folds those: a merge from its branches to a staged version. The rows are a function of what was delivered, of the
 * cut that it builds on and of the orders; never of when, or in which order, anything arrived.
 */
export async function stageMerge(
  dialect: MergeDialect,
  settings: MergeSettings,
  { host, merge }: { readonly host: MergeStageHost; readonly merge: StagedMerge },
): Promise<MergeStaged> {
  const spec: MergeSpec = { policy: merge.policy, schema: host.target.asset.schema };
  refuseUnfitPolicy(host, spec);
  const found = await findStart(dialect, settings, { host, merge, spec });
  const based = new Set([...(found.base?.live ?? []), ...(found.base?.standings.held ?? [])]);
  const sealing = await bringForward(
    found,
    found.known.filter(({ number }) => based.has(number)),
  );
  const sealed = await sealBranches(sealing, { ...sealing, formerKeys: listFormerKeys(merge) }, merge.branches);
  const batches = listAll(found.known, sealed);
  const standings = standDelivered({
    batches,
    delivered: new Set(sealed.flatMap((one) => one.batches.map(({ number }) => number))),
    base: found.base,
    orders: found.orders,
  });
  const live = batches.filter(({ number }) => standings.get(number) === "live");
  const start = await bringForward(sealing, live);
  const folded = await stageFold({
    ...start,
    ...settings,
    live,
    before: await findBefore({ host, foldId: nameFold(start), batches, live }),
    functions: merge.functions,
    shadowPerMille: merge.shadowPerMille ?? 0,
  });
  const faulty = live.filter((batch) => batch.rejectedCount > 0 || start.reader.countFailed(batch) > 0);
  if (faulty.length > 0) await stageQuarantine(start, faulty);
  const fates = countAllFates(batches, standings, {
    folded: folded.fates,
    failed: live.reduce((sum, batch) => sum + start.reader.countFailed(batch), 0),
  });
  const cut = await writeCut(start, { batches, standings, folded, fates });
  const { delta = null, shadow } = folded;
  return {
    fates,
    batches: describeBatches(sealed, standings),
    cut,
    delta,
    ...(shadow === undefined ? {} : { shadow }),
  };
}

/** Of forms in which the key's columns were called otherwise. */
function listFormerKeys({ epochs = [], policy }: StagedMerge): readonly (readonly string[])[] {
  const present = stableJson(policy.key);
  return epochs
    .map(({ fields }) => fields.filter(({ isKey }) => isKey).map(({ name }) => name))
    .filter((key) => stableJson(key) !== present);
}

/** Runs batches of earlier forms through the upcasters that lead on, unless that was done before. */
async function bringForward(start: Start, batches: readonly CatalogBatch[]): Promise<Start> {
  const made = await deriveBatches(start, batches);
  return made.length === 0 ? start : withReader(start, [...start.derived, ...made]);
}

function withReader(start: Omit<Start, "reader">, derived: readonly DerivedBatch[]): Start {
  const { dialect, form, forms, host, merge, spec } = start;
  const reader = createFormReader({
    dialect,
    asset: { assetId: host.assetId, key: host.target.asset.key },
    schema: spec.schema,
    present: form,
    forms,
    steps: merge.epochs ?? [],
    derived,
  });
  return { ...start, derived, reader };
}

async function findStart(
  dialect: MergeDialect,
  settings: MergeSettings,
  { host, merge, spec }: { readonly host: MergeStageHost; readonly merge: StagedMerge; readonly spec: MergeSpec },
): Promise<Start> {
  const { session, assetId, target } = host;
  const at = { assetId, partition: target.partition };
  const forms = await listForms(session, assetId);
  const { form, isNew } = assignForm(forms, spec.schema, spec.policy.key);
  if (isNew) refuseBrokenChain(target.asset.key, { steps: merge.epochs ?? [], present: form.fields }, forms);
  const readable = new Set([form.schemaId, ...forms.map(({ schemaId }) => schemaId)]);
  const listed = await listBatches(session, dialect.store, at);
  const base = merge.baseVersion === null ? undefined : await findCut(session, { ...at, version: merge.baseVersion });
  const history = merge.late?.policy.amendments === undefined ? [] : await listPastCuts(session, at);
  const derived = forms.some(({ schemaId }) => schemaId !== form.schemaId) ? await listDerived(session, assetId) : [];
  const start = {
    dialect,
    settings,
    host,
    merge,
    spec,
    // Batches of a form that a store from before epochs wrote, and that nothing describes, are read anew.
    known: listed.filter(({ schemaId }) => readable.has(schemaId)),
    forms,
    form,
    isNewForm: isNew,
    base,
    scope: merge.scope ?? null,
    orders: joinOrders(base?.orders ?? [], merge.orders ?? []),
    judge: (branch: string) => judgeLateness(merge, { base, history }, branch),
    derived,
  };
  return withReader(start, derived);
}

function listAll(known: readonly CatalogBatch[], sealed: readonly SealedDelivery[]): readonly CatalogBatch[] {
  const all = [...known, ...sealed.flatMap(({ batches }) => batches)];
  return [...new Map(all.map((batch) => [batch.number, batch])).values()];
}

/** Orders stay in force; a set, in one order. */
function joinOrders(...lists: readonly (readonly MergeOrder[])[]): readonly MergeOrder[] {
  const byText = new Map(lists.flat().map((order) => [stableJson(order), order]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, order]) => order);
}

function countSettled(batches: readonly CatalogBatch[]): number {
  return batches.reduce((sum, { settledCount }) => sum + settledCount, 0);
}

/** All that a fold depends on besides the live batches. */
function nameFold({ form, merge, spec }: Start): string {
  const chain = (merge.epochs ?? []).map(({ hash, upcaster }) => [hash, upcaster]);
  // A function of the author's is known by the code of its merge.
  const code = Object.values(spec.policy.columns).includes("custom") ? (merge.frame?.codeVersion ?? "") : "";
  return fingerprint(["fold-1", stableJson(spec.policy), form.hash, form.schemaId, stableJson(chain), code]);
}

async function writeCut(
  start: Start,
  made: {
    readonly batches: readonly CatalogBatch[];
    readonly standings: ReadonlyMap<number, BatchStanding>;
    readonly folded: StagedFold;
    readonly fates: FateCounts;
  },
): Promise<NonNullable<Staged["cut"]>> {
  const { base, form, host, isNewForm, merge, orders } = start;
  const { session, assetId, target } = host;
  const cut = makeCut({ target, merge, form, base, ...made });
  const cutId = nameCut(cut);
  const live = made.batches.filter(({ number }) => made.standings.get(number) === "live");
  const numbers = (wanted: BatchStanding) =>
    [...made.standings].filter(([, standing]) => standing === wanted).map(([number]) => number);
  const standings: OtherStandings = {
    superseded: numbers("superseded"),
    revoked: numbers("revoked"),
    held: numbers("held"),
    rejected: numbers("rejected"),
  };
  await insertCut(
    session,
    { assetId, partition: target.partition },
    {
      stagedBy: target.attempt,
      cut: {
        cutId,
        live: numbers("live").toSorted((a, b) => a - b),
        standings,
        orders,
        fates: made.fates,
        foldFates: made.folded.fates,
        foldId: nameFold(start),
        cut,
        asOf: merge.late?.asOf ?? null,
        lateCount: countLate(base, made),
        settledCount: countSettled(live),
      },
    },
  );
  // The last form that was left behind is the one before the present one.
  const note = merge.epochs?.at(-1)?.note ?? null;
  if (isNewForm) await insertForm(session, { assetId, form, note, stagedBy: target.attempt });
  return { cutId, cut };
}

/** Late contributions that count now and did not in the cut before: what makes a version an amendment. */
function countLate(
  base: CatalogCut | undefined,
  {
    batches,
    standings,
  }: { readonly batches: readonly CatalogBatch[]; readonly standings: ReadonlyMap<number, BatchStanding> },
): number {
  const before = new Set(base?.live);
  return batches
    .filter(({ number }) => standings.get(number) === "live" && !before.has(number))
    .reduce(
      (sum, { lateness }) =>
        sum + Object.entries(lateness).reduce((all, [name, rows]) => (name === "onTime" ? all : all + rows), 0),
      0,
    );
}

function describeBatches(
  sealed: readonly SealedDelivery[],
  standings: ReadonlyMap<number, BatchStanding>,
): readonly StagedBatch[] {
  return sealed.flatMap(({ batches, outcome, isSuspect }) => {
    if (outcome === "carried") return [];
    return batches.map((batch) => ({
      branch: batch.source,
      batchKey: batch.part === "main" ? batch.batchKey : `${batch.batchKey}#${batch.part}`,
      batchId: batch.batchId,
      generation: batch.generation,
      digest: batch.digest,
      rowCount: batch.rowCount,
      outcome: outcomeOf(outcome, standings.get(batch.number)),
      ...(Object.keys(batch.lateness).length === 0 ? {} : { lateness: batch.lateness }),
      ...(batch.outsideCount === 0 ? {} : { outsideCount: batch.outsideCount }),
      ...(isSuspect ? { isSuspectDuplicate: true } : {}),
    }));
  });
}

function outcomeOf(
  outcome: Exclude<SealedDelivery["outcome"], "carried">,
  standing: BatchStanding | undefined,
): StagedBatch["outcome"] {
  return standing === "revoked" || standing === "held" || standing === "rejected" ? standing : outcome;
}

function refuseUnfitPolicy({ target }: MergeStageHost, spec: MergeSpec): void {
  const [problem] = checkMergePolicy(target.asset.key, spec);
  if (problem === undefined) return;
  throw new WatersmeetError(
    "MERGE_POLICY_INVALID",
    problem.message,
    problem.hint === undefined ? {} : { hint: problem.hint },
  );
}
