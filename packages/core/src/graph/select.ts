import { WatersmeetError } from "../errors/watersmeet-error.ts";
import type { ManifestAsset } from "../manifest/manifest.ts";
import { isAssetKey, type AssetKey } from "../values/asset-key.ts";
import { findNearest } from "./find-nearest.ts";
import type { Graph } from "./graph.ts";
import { walkGraph } from "./lineage.ts";

/**
 * The assets that a selection names, in the graph's order. Grammar: terms joined by spaces are united, terms joined by commas intersected (closer than spaces);
 * a term is `*`, an asset key, `tag:x`, `group:y` or `kind:merge`, with `+` or `2+` before it for what it reads, and `+` or `+2` after it for what reads it.
 *
 * @throws {SELECTION_INVALID} @throws {ASSET_UNKNOWN}
 */
export function selectAssets(graph: Graph, selection: string): readonly AssetKey[] {
  const groups = selection.trim().split(/\s+/);
  if (groups.includes(""))
    throw invalid("The selection is empty", "Name assets: orders, +orders, tag:daily, or * for all");
  const chosen = new Set<AssetKey>();
  for (const group of groups) for (const key of selectIntersection(graph, group)) chosen.add(key);
  return graph.order.filter((key) => chosen.has(key));
}

function selectIntersection(graph: Graph, group: string): Iterable<AssetKey> {
  const [first, ...others] = group.split(",").map((term) => selectTerm(graph, term));
  return [...(first ?? [])].filter((key) => others.every((other) => other.has(key)));
}

const termPattern = /^(?:(\d*)\+)?([^+]*)(?:\+(\d*))?$/;

function selectTerm(graph: Graph, term: string): ReadonlySet<AssetKey> {
  const [matched, up, core, down] = termPattern.exec(term) ?? [];
  if (matched === undefined || core === undefined || core === "") {
    throw invalid(
      `"${term}" is not a selection`,
      "Write orders, +orders, orders+, 2+orders+1, tag:x, group:y, kind:merge or *",
    );
  }
  const chosen = new Set(selectCore(graph, core));
  const roots = [...chosen];
  if (up !== undefined)
    for (const key of walkGraph(graph, roots, { direction: "up", depth: parseDepth(up) }).keys()) chosen.add(key);
  if (down !== undefined)
    for (const key of walkGraph(graph, roots, { direction: "down", depth: parseDepth(down) }).keys()) chosen.add(key);
  return chosen;
}

function parseDepth(digits: string): number {
  return digits === "" ? Number.POSITIVE_INFINITY : Number(digits);
}

function selectCore(graph: Graph, core: string): readonly AssetKey[] {
  if (core === "*") return graph.order;
  const colon = core.indexOf(":");
  if (colon < 0) return [getAssetKey(graph, core)];
  const facet = facets.get(core.slice(0, colon));
  const value = core.slice(colon + 1);
  if (facet === undefined || value === "")
    throw invalid(`"${core}" is not a selection`, "Attributes are tag:x, group:y and kind:merge");
  const chosen = graph.order.filter((key) => valuesOf(graph, key, facet).includes(value));
  if (chosen.length > 0) return chosen;
  const known = [...new Set(graph.order.flatMap((key) => valuesOf(graph, key, facet)))].sort();
  const nearest = findNearest(value, known);
  throw invalid(
    `No asset has ${core}`,
    nearest === undefined
      ? `There ${known.length === 0 ? "is none" : `are ${known.join(", ")}`}.`
      : `Did you mean ${core.slice(0, colon)}:${nearest}?`,
  );
}

type Facet = (asset: ManifestAsset) => readonly string[];

const facets: ReadonlyMap<string, Facet> = new Map<string, Facet>([
  ["tag", (asset) => asset.tags],
  ["group", (asset) => (asset.group === null ? [] : [asset.group])],
  ["kind", (asset) => [asset.kind]],
]);

function valuesOf(graph: Graph, key: AssetKey, facet: Facet): readonly string[] {
  const asset = graph.assets.get(key);
  return asset === undefined ? [] : facet(asset);
}

/** @throws {ASSET_UNKNOWN} */
export function getAssetKey(graph: Graph, text: string): AssetKey {
  if (isAssetKey(text) && graph.assets.has(text)) return text;
  const nearest = findNearest(text, graph.order);
  throw new WatersmeetError("ASSET_UNKNOWN", `There is no asset "${text}"`, {
    hint: nearest === undefined ? "`watersmeet assets` lists them all." : `Did you mean ${nearest}?`,
    details: { asset: text },
  });
}

function invalid(message: string, hint: string): WatersmeetError {
  return new WatersmeetError("SELECTION_INVALID", message, { hint });
}
