import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { isWatersmeetError, WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey } from "@watersmeet/core/values";
import type { Config, StoreConfig } from "../../config/config.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import { followHeads } from "../../ledger/versions/follow-heads.ts";
import type { Logger } from "../../observe/logger.ts";
import { openStore } from "../../stores/open-store.ts";
import type { StoredAsset } from "../../stores/port/staging.ts";
import type { Store } from "../../stores/store.ts";
import { finishPins } from "../merges/rollback/finish-pins.ts";
import { reconcileStore } from "./reconcile-store.ts";

/** The stores of a project, each opened when first needed, and closed together. */
export interface StoreSet extends AsyncDisposable {
  /** Those that are open now, by name. Grows. */
  readonly open: ReadonlyMap<string, Store>;
  /** @throws {STORE_LOCKED} when another process owns the file @throws {STORE_UNREACHABLE} @throws {CONFIG_INVALID} */
  get(name: string): Promise<Store>;
  /** For a worker: opens what can be opened, and has the ledger's heads follow; what another process owns is left to it. */
  openAll(): Promise<void>;
  /** Ids of the stores that the ledger may believe in: those last opened under the name at the place that the configuration gives now. */
  knownIds(): Promise<ReadonlyMap<string, string>>;
}

export interface StoreSetOptions {
  readonly config: Config;
  readonly db: LedgerDb;
  readonly logger: Logger;
  /** Positions of an asset's inputs, for records that are found again in the store. */
  readonly positionsOf: (asset: string) => readonly string[];
  /** As the project has the asset now; `undefined`: it has it no more. */
  readonly storedOf: (asset: AssetKey) => StoredAsset | undefined;
}

export function createStoreSet(options: StoreSetOptions): StoreSet {
  const { config, db } = options;
  const open = new Map<string, Store>();
  const opening = new Map<string, Promise<Store>>();
  const followed = new Set<string>();

  const openOne = async (name: string): Promise<Store> => {
    const store = await openStore({
      name,
      config: getStoreConfig(config, name),
      root: config.root,
      stateDirectory: config.stateDirectory,
    });
    await registerStore(db, store, describeAddress(config, name));
    await reconcileStore(store, options);
    await finishPins(store, options);
    open.set(name, store);
    return store;
  };
  const get = (name: string): Promise<Store> => {
    const known =
      opening.get(name) ??
      openOne(name).catch((error: unknown) => {
        opening.delete(name);
        throw explainLock(error, name);
      });
    opening.set(name, known);
    return known;
  };
  return {
    open,
    get,
    async openAll() {
      for (const name of Object.keys(config.stores)) {
        const store = await get(name).catch((error: unknown) => {
          if (!isWatersmeetError(error) || error.code !== "STORE_LOCKED") throw error;
        });
        if (store === undefined || followed.has(name)) continue;
        followed.add(name);
        await followHeads(db, store);
      }
    },
    knownIds: () => findKnownIds(config, db),
    async [Symbol.asyncDispose]() {
      for (const store of await Promise.allSettled(opening.values())) {
        if (store.status === "fulfilled") await store.value[Symbol.asyncDispose]();
      }
    },
  };
}

function getStoreConfig(config: Config, name: string): StoreConfig {
  const store = config.stores[name];
  if (store !== undefined) return store;
  throw new WatersmeetError("CONFIG_INVALID", `The configuration has no store "${name}"`, {
    hint: `Add it to stores in watersmeet.config.ts. There are: ${Object.keys(config.stores).join(", ")}.`,
  });
}

/** Kind and place, without secrets; a file relative to the project, so that a project may move. */
function describeAddress(config: Config, name: string): string {
  const store = getStoreConfig(config, name);
  if (store.kind === "duckdb") return `duckdb:${relative(config.root, resolve(config.root, store.path))}`;
  const { host, pathname } = new URL(store.url);
  return `postgres:${host}${pathname}#${store.schema}`;
}

/** Another store under a known name: what the ledger had recorded of the former one is history from now on. */
async function registerStore(db: LedgerDb, store: Store, address: string): Promise<void> {
  await db
    .insertInto("store")
    .values({ name: store.name, store_id: store.storeId, address })
    .onConflict((conflict) =>
      conflict.column("name").doUpdateSet((eb) => ({
        store_id: eb.ref("excluded.store_id"),
        address: eb.ref("excluded.address"),
        opened_at: eb.fn<Date>("now"),
        reconciled_sequence: eb
          .case()
          .when("store.store_id", "=", store.storeId)
          .then(eb.ref("store.reconciled_sequence"))
          .else("0")
          .end(),
      })),
    )
    .execute();
}

async function findKnownIds(config: Config, db: LedgerDb): Promise<ReadonlyMap<string, string>> {
  const rows = await db.selectFrom("store").select(["name", "store_id", "address"]).execute();
  const ids = new Map<string, string>();
  for (const row of rows) {
    const store = config.stores[row.name];
    if (store === undefined || describeAddress(config, row.name) !== row.address) continue;
    // A file that was deleted has nothing in it, whatever the ledger remembers.
    if (store.kind === "duckdb" && !existsSync(resolve(config.root, store.path))) continue;
    ids.set(row.name, row.store_id);
  }
  return ids;
}

function explainLock(error: unknown, name: string): unknown {
  if (!isWatersmeetError(error) || error.code !== "STORE_LOCKED") return error;
  return new WatersmeetError("STORE_LOCKED", error.message, {
    hint: `Another Watersmeet process owns the store "${name}". Ask the server that runs (\`watersmeet dev\` or \`serve\`), or stop it first.`,
    details: error.details,
    cause: error,
  });
}
