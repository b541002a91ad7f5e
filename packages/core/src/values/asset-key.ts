import { WatersmeetError } from "../errors/watersmeet-error.ts";

/** The name of an asset, unique in a project, e.g. `dailyDelays` or `regions.eu`. */
export type AssetKey = string & { readonly "~brand": "AssetKey" };

const pattern = /^[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*$/;

export function isAssetKey(text: string): text is AssetKey {
  return text.length <= 200 && pattern.test(text);
}

/** @throws {ASSET_UNKNOWN} when the text cannot be the key of any asset */
export function parseAssetKey(text: string): AssetKey {
  if (isAssetKey(text)) return text;
  throw new WatersmeetError("ASSET_UNKNOWN", `"${text}" is not an asset key`, {
    hint: "Keys are identifiers, with dots between groups and members: orders, regions.eu",
  });
}
