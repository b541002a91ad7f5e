import { audit } from "./audit.ts";
import { collect } from "./collect.ts";
import { checkConservation } from "./conservation.ts";
import { explainRow } from "./explain/explain-row.ts";
import { unfreeze, verify } from "./freeze.ts";
import { listBatches, listLate, showLate } from "./list-batches.ts";
import { getCut, listCuts } from "./list-cuts.ts";
import type { MergeDesk } from "./merge-desk.ts";
import type { DeskParts } from "./merge-subject.ts";
import type { OrderingParts } from "./orders/give-orders.ts";
import { reconcile, reject } from "./orders/judge-held.ts";
import { revoke } from "./orders/revoke.ts";
import { describeMerge } from "./overview/describe-merge.ts";
import { rollback } from "./rollback/rollback.ts";
import { checkSchemas } from "./schemas/check-schemas.ts";
import { listSchemaHistory } from "./schemas/schema-history.ts";

/** Each question and decision about merges goes to the function that knows. */
export function createMergeDesk(parts: DeskParts, submitRun: OrderingParts["submitRun"]): MergeDesk {
  const ordering: OrderingParts = {
    config: parts.config,
    children: parts.children,
    connections: parts.connections,
    ledger: parts.ledger,
    project: parts.project,
    stores: parts.stores,
    submitRun,
  };
  return {
    describe: (asset) => describeMerge(parts, asset),
    cut: (asset, partition, version) => getCut(parts, { asset, partition, version }),
    listCuts: (asset, options) => listCuts(parts, asset, options),
    listBatches: (query) => listBatches(parts, query),
    listLate: (options) => listLate(parts, options),
    showLate: (batchId, limit) => showLate(parts, batchId, limit),
    reconcile: (request) => reconcile(ordering, request),
    reject: (request) => reject(ordering, request),
    revoke: (request) => revoke(ordering, request),
    rollback: (request) => rollback(ordering, request),
    explain: (request) => explainRow(parts, request),
    audit: (asset, options) => audit(parts, asset, options),
    schemaHistory: (asset) => listSchemaHistory(parts, asset),
    checkSchemas: (select, { replay } = {}) => checkSchemas(parts, { select, replay }),
    verify: (asset, perMille) => verify(parts, asset, perMille),
    unfreeze: (asset, by, reason) => unfreeze(parts, asset, { by, reason }),
    collect: (asset, { dryRun }) => collect(parts, { asset, dryRun }),
    checkConservation: (asset) => checkConservation(parts, asset),
  };
}
