import { fingerprint } from "../../values/fingerprint.ts";

/**
 * Position under which the orders that a merge was made with are recorded among its inputs. No input has such a position: theirs are indexes and member names.
 * Absent when there were none, so that assets without orders have the commit ids that they always had.
 */
export const ordersPosition = "~orders";

/** One decision about a batch, as far as it identifies what is made with it: see `MergeOrder`. */
export interface IdentifyingOrder {
  readonly kind: string;
  readonly batchId: string;
  readonly overridesClosed?: boolean;
}

/** SHA-256, in hex, over the set of orders: neither their order nor how often one was given counts. `null`: there are none. */
export function fingerprintOrders(orders: readonly IdentifyingOrder[]): string | null {
  if (orders.length === 0) return null;
  const names = orders.map(({ kind, batchId, overridesClosed }) =>
    JSON.stringify([batchId, kind, overridesClosed === true]),
  );
  return fingerprint(["watersmeet.orders/1", ...[...new Set(names)].sort()]);
}
