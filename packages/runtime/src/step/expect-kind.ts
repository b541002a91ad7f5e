import { WatersmeetError } from "@watersmeet/core/errors";
import type { ChildResult } from "../child/protocol.ts";

/** @throws {INTERNAL} when a child answered something else than what it was asked for */
export function expectKind<K extends ChildResult["kind"]>(
  result: ChildResult,
  ...kinds: readonly K[]
): Extract<ChildResult, { readonly kind: K }> {
  if (isOfKind(result, kinds)) return result;
  throw new WatersmeetError("INTERNAL", `a child answered ${result.kind} when asked for ${kinds.join(" or ")}`);
}

function isOfKind<K extends ChildResult["kind"]>(
  result: ChildResult,
  kinds: readonly K[],
): result is Extract<ChildResult, { readonly kind: K }> {
  return kinds.some((kind) => kind === result.kind);
}
