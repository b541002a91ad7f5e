import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compareStrings, type AssetKey } from "@watersmeet/core/values";
import type { Config } from "../config/config.ts";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import { hasLiveWorker } from "../ledger/workers.ts";
import type { RecordDeps } from "../queue/record/record-outcomes.ts";
import type { Store } from "../stores/store.ts";
import { beatTtlMs, livenessLockClass } from "../worker/liveness-lock.ts";
import { examineFiles, type Place } from "./environment/examine-files.ts";
import { examineProcesses, stopOrphans } from "./environment/examine-processes.ts";
import { examineServer } from "./environment/examine-server.ts";
import type { Finding } from "./environment/finding.ts";
import { findLeftStaging, findReadableSecrets } from "./files/find-left-files.ts";
import { findInLedger } from "./find-in-ledger.ts";
import { removeLeftStaging } from "./repair/remove-left-files.ts";
import { repairHeads, recordAdopted, releaseDead, type Repair } from "./repair/repair-ledger.ts";
import { compareStore } from "./stores/compare-store.ts";
import { findWrongRows, type KnownAsset } from "./stores/find-wrong-rows.ts";
import { dropLeftStagings, findLeftStagings } from "./stores/left-stagings.ts";
import type { Violation } from "./violations.ts";

/** Looks at a live installation; changes nothing but in `repair`. */
export interface Doctor {
  /** What the installation stands on: server, pooler, clock, disk, file systems, processes left behind. */
  examineEnvironment(): Promise<readonly Finding[]>;
  /** What does not hold of the ledger and of the stores that this process can open. `isThorough` reads every served row. */
  findViolations(options?: { readonly isThorough?: boolean }): Promise<readonly Violation[]>;
  /** Puts right what is safe to put right while others work, and says what it did. */
  repair(): Promise<readonly Repair[]>;
}

export interface DoctorParts {
  readonly config: Pick<Config, "root" | "stateDirectory" | "stores" | "ledger">;
  readonly db: LedgerDb;
  readonly ledgerUrl: string;
  readonly recordDeps: RecordDeps;
  /** Stores that this process has open. */
  readonly stores: ReadonlyMap<string, Store>;
  readonly assetOf: (key: AssetKey) => KnownAsset | undefined;
  /** Gives commits since the last time their records. */
  readonly reconcile: (store: Store) => Promise<number>;
}

export function createDoctor(parts: DoctorParts): Doctor {
  return {
    async examineEnvironment() {
      const server = await examineServer(parts.ledgerUrl);
      return [...server, ...(await examineFiles(listPlaces(parts.config))), ...examineProcesses()];
    },
    async findViolations({ isThorough = false } = {}) {
      const first = await look(parts, isThorough);
      if (first.length === 0 || !(await hasLiveWorker(parts.db))) return first;
      // Ledger and stores are asked one after the other while others work: what is gone at the second look was on its way.
      await sleep(secondLookMs);
      const second = new Set((await look(parts, isThorough)).map(nameOf));
      return first.filter((each) => second.has(nameOf(each)));
    },
    async repair() {
      const repairs = [...(await releaseDead(parts.db, parts.recordDeps))];
      for (const store of parts.stores.values()) {
        repairs.push(
          ...(await recordAdopted(parts.db, store, parts.reconcile)),
          ...(await repairHeads(parts.db, store)),
          ...describeDropped(store.name, await dropLeftStagings(parts.db, store)),
        );
      }
      return [...repairs, ...(await removeLeftStaging(parts.config.stateDirectory)), ...(await stopOrphans())];
    },
  };
}

function describeDropped(store: string, attempts: readonly string[]): readonly Repair[] {
  return attempts.map((attempt) => ({
    kind: "staging",
    message: `what attempt ${attempt} had left in the store ${store} was dropped`,
  }));
}

/** Recording takes milliseconds, the reaper half a second. */
const secondLookMs = 1000;

async function look(parts: DoctorParts, isThorough: boolean): Promise<readonly Violation[]> {
  const { db, config, recordDeps } = parts;
  const held = { livenessLockClass, beatTtlMs };
  const found = [...(await findInLedger(db, { shapeOf: recordDeps.shapeOf, held }))];
  for (const store of parts.stores.values()) {
    found.push(...(await compareStore(db, store)), ...(await findLeftStagings(db, store)));
    if (isThorough) found.push(...(await findWrongRows(db, store, parts.assetOf)));
  }
  const { ledger, stateDirectory } = config;
  const secrets = ledger.kind === "embedded" ? [join(ledger.dataDirectory, "data", "watersmeet.password")] : [];
  return [...found, ...(await findLeftStaging(stateDirectory)), ...(await findReadableSecrets(secrets))];
}

function nameOf({ code, place, message }: Violation): string {
  // Counts in a message change while others work; a place names what it is about, and where there is none the message does.
  return JSON.stringify(
    Object.keys(place).length === 0
      ? [code, message]
      : [code, Object.entries(place).toSorted(([a], [b]) => compareStrings(a, b))],
  );
}

function listPlaces({ root, stateDirectory, stores, ledger }: DoctorParts["config"]): readonly Place[] {
  const files = Object.entries(stores).flatMap(([name, store]) =>
    store.kind === "duckdb" ? [{ name, path: dirname(resolve(root, store.path)), isDatabaseFile: true }] : [],
  );
  const database =
    ledger.kind === "embedded" ? [{ name: "ledger", path: ledger.dataDirectory, isDatabaseFile: false }] : [];
  return [{ name: "state", path: stateDirectory, isDatabaseFile: false }, ...files, ...database];
}
