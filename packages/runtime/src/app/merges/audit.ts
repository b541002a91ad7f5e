import { compareStrings, type AssetKey } from "@watersmeet/core/values";
import {
  findVersionsSince,
  listHistory,
  renderSequence,
  type HistoryItem,
  type HistoryKind,
} from "../../ledger/versions/asset-history.ts";
import type { AuditEntry } from "./merge-desk.ts";
import { getAsset, nameOf, openStoreOf, type DeskAsset, type DeskParts } from "./merge-subject.ts";

/**
 * What happened to an asset, newest first, in the order in which it was committed: versions and what went into them, decisions, moves of heads, epochs. All but the
 * epochs come from the ledger alone.
 */
export async function audit(
  parts: DeskParts,
  key: AssetKey,
  page: { readonly limit: number; readonly before?: string },
): Promise<readonly AuditEntry[]> {
  const asset = getAsset(parts, key);
  const history = await listHistory(parts.connections.db, key, page);
  const entries = [...history.map((item) => toEntry(asset, item)), ...(await listEpochEntries(parts, asset))];
  return entries
    .filter((entry) => page.before === undefined || entry.sequence < page.before)
    .sort((a, b) => compareStrings(b.sequence, a.sequence))
    .slice(0, page.limit);
}

function toEntry(asset: DeskAsset, { at, ...item }: HistoryItem): AuditEntry {
  const details = Object.fromEntries(Object.entries(item.details).filter(([, value]) => value !== null));
  return { ...item, at: at.toISOString(), details, text: sentences[item.kind](asset, { ...item, at }) };
}

type Sentence = (asset: DeskAsset, item: HistoryItem) => string;

const sentences: Readonly<Record<HistoryKind, Sentence>> = {
  "version:committed": (asset, { partition, version, details, by }) =>
    `Version ${version} of ${nameOf(asset.key, partition ?? "")} was committed${details["runId"] == null ? "" : ` by run ${textOf(details["runId"])}`}: ${textOf(details["rowCount"])} rows, for ${by}.`,
  "head:moved": (asset, { partition, details }) =>
    `Readers of ${nameOf(asset.key, partition ?? "")} were taken from version ${textOf(details["from"])} to version ${textOf(details["to"])}.`,
  "batch:admitted": (_, item) => `${nameBatch(item)} was admitted.`,
  "batch:superseded": (_, item) => `${nameBatch(item)} was superseded by its next generation.`,
  "batch:held": (_, item) => `${nameBatch(item)} came too late and waits in the holding area.`,
  "batch:rejected": (_, item) => `${nameBatch(item)} was rejected.`,
  "batch:revoked": (_, item) => `${nameBatch(item)} was taken back.`,
  "order:given": (asset, { details, by, reason }) =>
    `${by} ordered: ${describeOrder(asset, details)}, because ${reason}.`,
  "merge:frozen": (asset, { by, reason }) => `${asset.key} was frozen by ${by}: ${reason}.`,
  "merge:unfrozen": (asset, { by, reason }) => `${asset.key} was unfrozen by ${by}: ${reason}.`,
};

function describeOrder(asset: DeskAsset, details: HistoryItem["details"]): string {
  const count = Array.isArray(details["batchIds"]) ? details["batchIds"].length : 0;
  const batches = `${count} ${count === 1 ? "batch" : "batches"}`;
  const order = textOf(details["order"]);
  if (order !== "rollback") return `${order} ${batches}`;
  const place = nameOf(asset.key, textOf(details["partition"]));
  return `roll ${place} back to version ${textOf(details["to"])}${count === 0 ? "" : `, which revokes ${batches}`}`;
}

function nameBatch({ details }: HistoryItem): string {
  const branch = details["branch"] == null ? "" : ` of ${textOf(details["branch"])}`;
  const generation = details["generation"] == null ? "" : `, generation ${textOf(details["generation"])}`;
  const id = details["batchId"] == null ? "A batch" : `Batch ${textOf(details["batchId"]).slice(0, 12)}`;
  return `${id}${branch}${generation}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value);
}

/** An epoch comes before the first version that was committed in it, or after everything. */
async function listEpochEntries(parts: DeskParts, asset: DeskAsset): Promise<readonly AuditEntry[]> {
  if (asset.spec.policy === null) return [];
  const store = await openStoreOf(parts, asset);
  const epochs = await store.merges.listEpochs(asset.key);
  const since = await findVersionsSince(
    parts.connections.db,
    asset.key,
    epochs.map((epoch) => epoch.registeredAt),
  );
  return epochs.map((epoch, index) => ({
    sequence: renderSequence(since[index] ?? "9".repeat(19), "epoch", String(epoch.number)),
    at: epoch.registeredAt,
    kind: "epoch:registered",
    partition: null,
    version: null,
    by: null,
    reason: null,
    text: `Epoch ${epoch.number} of the schema of ${asset.key} was registered: ${epoch.fields.map((field) => field.name).join(", ")}.`,
    details: { number: epoch.number, hash: epoch.hash, batches: epoch.batches },
  }));
}
