import type { Store } from "../../../src/stores/store.ts";
import type { Scratch } from "../stored-rows.ts";

export interface OpenedStore {
  readonly store: Store;
  /** Rows that a reader sees who knows nothing of Watersmeet. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

/** A store under test; it is open while tests run, not while they are described. */
export interface StoreWorld extends Pick<OpenedStore, "query"> {
  readonly kind: string;
  readonly store: Store;
  readonly scratch: Scratch;
}
