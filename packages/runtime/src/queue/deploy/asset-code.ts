import { compareStrings, fingerprint, type AssetKey } from "@watersmeet/core/values";

/** What a process has loaded of an asset. */
export interface AssetCode {
  readonly codeVersion: string;
  readonly schemaVersion: string;
  /** See `fingerprintLayout`. */
  readonly layout: string;
}

/** All the code that a process has loaded. */
export type Code = ReadonlyMap<AssetKey, AssetCode>;

/** Names the whole of it: two workers of one deployment have the same. */
export function fingerprintCode(code: Code): string {
  const assets = [...code].toSorted(([a], [b]) => compareStrings(a, b));
  return fingerprint([
    "watersmeet.release/1",
    ...assets.flatMap(([key, { codeVersion, schemaVersion, layout }]) => [key, codeVersion, schemaVersion, layout]),
  ]);
}

/** The version of an asset that a step is pinned to, in one word. */
export function nameVersion({ codeVersion, schemaVersion }: Omit<AssetCode, "layout">): string {
  return `${codeVersion} ${schemaVersion}`;
}

export function isSameVersion(a: Omit<AssetCode, "layout">, b: Omit<AssetCode, "layout"> | undefined): boolean {
  return a.codeVersion === b?.codeVersion && a.schemaVersion === b.schemaVersion;
}
