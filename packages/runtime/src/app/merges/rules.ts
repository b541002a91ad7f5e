import { hashEpoch, namePolicyVersion } from "@watersmeet/core/merge";
import type { CutRecord } from "../../stores/port/merge-records.ts";
import type { DeskMerge } from "./merge-subject.ts";

/** Whether a version was joined by the rules that the code has now: policy, late terms, form of the schema, upcasters and reducers. */
export function isByPresentRules({ policy, terms }: DeskMerge, { cut }: Pick<CutRecord, "cut">): boolean {
  const { epochs, fields, late, reducers } = terms;
  return cut.policyVersion === namePolicyVersion({ policy, late, formHash: hashEpoch(fields), epochs, reducers });
}
