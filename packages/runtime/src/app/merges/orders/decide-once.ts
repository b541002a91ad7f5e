import { WatersmeetError } from "@watersmeet/core/errors";
import { fingerprint, stableJson, type Json } from "@watersmeet/core/values";
import type { Transaction } from "kysely";
import type { LedgerDatabase } from "../../../ledger/database.ts";
import { findKeyUse } from "../../../ledger/decisions.ts";

/** A wish for a decision, which may be told twice. */
export interface KeyedRequest {
  /** All that was asked for, and why; not by whom. */
  readonly asked: Json;
  /** The same key means the same wish. */
  readonly idempotencyKey: string | undefined;
}

/** What a decision keeps in its details, so that the same wish is known again. */
export function describeRequest({ asked, idempotencyKey }: KeyedRequest): Readonly<Record<string, Json>> {
  return idempotencyKey === undefined ? {} : { idempotencyKey, request: fingerprintRequest(asked) };
}

/** The decision that the same wish led to before. @throws {IDEMPOTENCY_CONFLICT} when its key was used for another one */
export async function findEarlierDecision(
  tx: Transaction<LedgerDatabase>,
  environment: string,
  { asked, idempotencyKey }: KeyedRequest,
): Promise<string | undefined> {
  if (idempotencyKey === undefined) return undefined;
  const use = await findKeyUse(tx, environment, idempotencyKey);
  if (use === undefined) return undefined;
  const { decisionId, request } = use;
  if (decisionId !== null && (request === null || request === fingerprintRequest(asked))) return decisionId;
  throw new WatersmeetError(
    "IDEMPOTENCY_CONFLICT",
    decisionId === null
      ? "This Idempotency-Key was used for a run"
      : `This Idempotency-Key was used for another order, decision ${decisionId}`,
    { hint: "Use a new key for a new request. Nothing was ordered." },
  );
}

function fingerprintRequest(asked: Json): string {
  return fingerprint(["order-1", stableJson(asked)]);
}
