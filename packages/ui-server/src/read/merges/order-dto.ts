import type { OrderResult } from "@watersmeet/runtime";
import { toRunDto, type RunDto } from "../run-dto.ts";
import { toBatchDto, type BatchDto } from "./batch-dto.ts";

/** A decision about a merge, and what follows from it. */
export interface OrderDto {
  /** What was decided about. */
  readonly batches: readonly BatchDto[];
  readonly partitions: readonly string[];
  /** Assets that are stale once the new version is there. */
  readonly descendants: readonly string[];
  /** The run that carries it out; `null`: nothing has to run. */
  readonly run: RunDto | null;
  /** Of a rollback: what counts in the version, was taken back since, and stays so. */
  readonly stayOut: readonly BatchDto[];
}

export function toOrderDto({ batches, partitions, descendants, run, stayOut = [] }: OrderResult): OrderDto {
  return {
    batches: batches.map(toBatchDto),
    partitions,
    descendants,
    run: run === null ? null : toRunDto(run),
    stayOut: stayOut.map(toBatchDto),
  };
}
