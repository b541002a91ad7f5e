import { WatersmeetError } from "@watersmeet/core/errors";
import type { BatchDto } from "./batch-dto.ts";

/** Ids of batches named by their first digits, as lists print them. @throws {MERGE_BATCH_UNKNOWN} @throws {USAGE_INVALID} when two begin so */
export function findBatchIds(names: readonly string[], batches: readonly BatchDto[]): readonly string[] {
  return [...new Set(names.map((name) => findBatchId(name, batches)))];
}

/** Fewer digits than this name nothing. */
const leastDigits = 4;

function findBatchId(name: string, batches: readonly BatchDto[]): string {
  const known = new Set(batches.map(({ id }) => id));
  const ids = name.length < leastDigits ? [] : [...known].filter((id) => id.startsWith(name));
  const [id, ...others] = ids.includes(name) ? [name] : ids;
  if (id === undefined) {
    throw new WatersmeetError("MERGE_BATCH_UNKNOWN", `There is no batch ${name}`, {
      hint: `watersmeet batches <merge> lists batches, watersmeet late list those that are held; at least ${leastDigits} digits name one`,
    });
  }
  if (others.length === 0) return id;
  throw new WatersmeetError("USAGE_INVALID", `${others.length + 1} batches begin with ${name}`, {
    hint: `Give more digits: ${[id, ...others].slice(0, 3).join(", ")}`,
  });
}
