import { WatersmeetError } from "@watersmeet/core/errors";
import { checkEpochChain, type Epoch, type EpochChain } from "@watersmeet/core/merge";

/**
 * Holds a form that is new to a merge against all that it has had: what was dropped does not come back (M38).
 * @throws {MERGE_EPOCH_CHAIN_BROKEN}
 */
export function refuseBrokenChain(asset: string, chain: EpochChain, registered: readonly Epoch[]): void {
  const problems = checkEpochChain(chain, registered);
  const [first] = problems;
  if (first === undefined) return;
  throw new WatersmeetError(first.code, `${asset}: ${first.message}`, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    details: { asset, problems: problems.map(({ message }) => message) },
  });
}
