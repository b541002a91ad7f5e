import type { TokenOrder } from "../contribution/token.ts";
import type { RowPolicy } from "../policy.ts";

/** What the kinds of merges do with the rows of a key. A new policy is a new entry here and a shape in `fold-rows.ts`. */
export interface RowRule {
  /** What decides which contribution a row as such belongs to, and a cell without a policy of its own. */
  readonly order: TokenOrder;
  /** Whether a key has at most one row: then a gate can check it. */
  readonly isKeyUnique: boolean;
  /** Whether cells are chosen one by one, so that columns can have policies of their own; otherwise a row is a contribution's. */
  readonly isByCell: boolean;
  /** Whether equal contributions, and different ones with an equal token, are rows of their own. */
  readonly keepsCopies: boolean;
}

const byCell = { isKeyUnique: true, isByCell: true, keepsCopies: false } as const;

export const rowRules: Readonly<Record<RowPolicy, RowRule>> = {
  recencyFirst: { ...byCell, order: "recencyFirst" },
  priorityFirst: { ...byCell, order: "priorityFirst" },
  unionDistinct: { ...byCell, order: "recencyFirst", isByCell: false },
  unionAll: { order: "recencyFirst", isKeyUnique: false, isByCell: false, keepsCopies: true },
  keepConflicts: { order: "recencyFirst", isKeyUnique: false, isByCell: false, keepsCopies: false },
};
