import type { CellPolicy } from "./policy.ts";
import type { TokenOrder } from "./token.ts";

/** A contribution that survived the deletes, with what it says of one column. */
export interface Candidate<C> {
  readonly contribution: C;
  readonly value: unknown;
  /** In the order that the policy asks for. */
  readonly token: Buffer;
}

/** What a policy makes of the candidates of one cell. */
export interface CellOutcome<C> {
  readonly value: unknown;
  /** Contributions that the value comes from. */
  readonly winners: readonly C[];
}

/** How one kind of policy works. A new policy is a new entry: nothing else asks which policy it is. */
export interface CellRule {
  readonly order: TokenOrder;
  /** The candidates are not empty; their order means nothing. */
  choose<C>(candidates: readonly Candidate<C>[]): CellOutcome<C>;
}

export const cellRules: Readonly<Record<CellPolicy, CellRule>> = {
  recencyFirst: { order: "recencyFirst", choose: chooseGreatestToken },
  priorityFirst: { order: "priorityFirst", choose: chooseGreatestToken },
};

function chooseGreatestToken<C>(candidates: readonly Candidate<C>[]): CellOutcome<C> {
  const winner = candidates.reduce((best, other) => (Buffer.compare(other.token, best.token) > 0 ? other : best));
  return { value: winner.value, winners: [winner.contribution] };
}
