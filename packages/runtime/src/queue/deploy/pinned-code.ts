import type { AssetKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { StepFailure } from "../../step/step.ts";
import type { ShapeOf } from "../shape/shape-cache.ts";
import { isSameVersion, type Code } from "./asset-code.ts";

/** What the steps of one asset of a run are pinned to. */
export interface PinnedCode {
  readonly codeVersion: string;
  readonly schemaVersion: string;
  /** Why no code that is there can execute them; whoever takes one ends it so. */
  readonly refusal: StepFailure | null;
}

/** A run as claims list it. */
export interface RunOfRevision {
  readonly id: RunId;
  /** Grows each time the run is pinned to other code; 0: it is pinned to what it was planned with. */
  readonly code_revision: number;
}

/** Assets of a run that are pinned to other code than a worker has: their steps are for others. */
export type ForeignAssets = (db: LedgerDb, run: RunOfRevision) => Promise<readonly AssetKey[]>;

/** What runs are pinned to, as far as a worker knows. A run that was pinned anew since is found out with the next claim. */
export interface RunCode {
  readonly foreign: ForeignAssets;
  /** By position of the assets in the run. */
  readonly pinned: (db: LedgerDb, runId: RunId) => Promise<readonly PinnedCode[]>;
  /** Whether the worker has the code for this asset of a run. */
  readonly isLoaded: (asset: AssetKey, pinned: PinnedCode) => boolean;
}

/**
 * A step is pinned to its asset's version, not to the whole of the code: what has not changed runs on any worker, before and after a deployment.
 * `loaded`: `null` when the worker takes whatever it is given.
 */
export function createRunCode(shapeOf: ShapeOf, loaded: (() => Code) | null, capacity = 256): RunCode {
  const known = new Map<RunId, KnownPins>();

  const get = async (db: LedgerDb, id: RunId, revision: number): Promise<KnownPins> => {
    const found = known.get(id);
    if (found !== undefined && found.revision >= revision) return found;
    const read = revision === 0 ? await readPlanned(db, id, shapeOf) : await readPins(db, id);
    known.delete(id);
    known.set(id, read);
    const oldest = known.keys().next();
    if (known.size > capacity && oldest.done !== true) known.delete(oldest.value);
    return read;
  };
  const isLoaded = (asset: AssetKey, pinned: PinnedCode): boolean =>
    loaded === null || isSameVersion(pinned, loaded().get(asset));
  return {
    isLoaded,
    async pinned(db, id) {
      const found = known.get(id);
      return found === undefined ? (await readPins(db, id)).assets : found.assets;
    },
    async foreign(db, { id, code_revision }) {
      const pins = await get(db, id, code_revision);
      if (loaded === null) return [];
      const code = loaded();
      if (pins.judged?.code !== code) {
        const { assets } = await shapeOf(db, id);
        const foreign = assets.flatMap(({ key }, position) => {
          const pin = pins.assets[position];
          return pin === undefined || pin.refusal !== null || isLoaded(key, pin) ? [] : [key];
        });
        pins.judged = { code, foreign };
      }
      return pins.judged.foreign;
    },
  };
}

interface KnownPins {
  readonly revision: number;
  readonly assets: readonly PinnedCode[];
  /** What was foreign to this code: claims ask again and again. */
  judged: { readonly code: Code; readonly foreign: readonly AssetKey[] } | null;
}

async function readPlanned(db: LedgerDb, id: RunId, shapeOf: ShapeOf): Promise<KnownPins> {
  const { assets } = await shapeOf(db, id);
  const pins = assets.map(({ planned: { codeVersion, schemaVersion } }): PinnedCode => ({
    codeVersion,
    schemaVersion,
    refusal: null,
  }));
  return { revision: 0, assets: pins, judged: null };
}

async function readPins(db: LedgerDb, id: RunId): Promise<KnownPins> {
  const { rows } = await sql<PinnedCode & { readonly revision: number }>`
    select code_revision as revision, code_version as "codeVersion", schema_version as "schemaVersion", refusal
    from watersmeet.run join watersmeet.run_asset on run_asset.run_id = run.id where run.id = ${id} order by position`.execute(
    db,
  );
  const assets = rows.map(({ codeVersion, schemaVersion, refusal }) => ({ codeVersion, schemaVersion, refusal }));
  return { revision: rows[0]?.revision ?? 0, assets, judged: null };
}
