import { WatersmeetError } from "@watersmeet/core/errors";
import { parseAssetKey } from "@watersmeet/core/values";
import type {
  Ledger,
  Page,
  PageRequest,
  RunId,
  RunRecord,
  StepRecord,
  StepState,
  Watersmeet,
} from "@watersmeet/runtime";
import { toRunDto, toStepDto, type RunDto, type StepDto } from "./run-dto.ts";
import { buildRunSummary, type RunSummaryDto } from "./run-summary.ts";
import { toSplitDto } from "./split-dto.ts";

/** Failed steps that a summary looks at; the others are in the list of steps. */
const maxFailedSteps = 1000;

export async function listRuns(
  ledger: Ledger,
  filter: { readonly kind?: RunRecord["kind"] | undefined; readonly state?: RunRecord["state"] | undefined },
  page: PageRequest,
): Promise<Page<RunDto>> {
  const { kind, state } = filter;
  const runs = await ledger.listRuns({ ...(kind && { kind }), ...(state && { state }) }, page);
  return { items: runs.items.map(toRunDto), nextCursor: runs.nextCursor };
}

/** @throws {RUN_NOT_FOUND} */
export async function getRun(ledger: Ledger, id: string): Promise<RunRecord> {
  const run = await ledger.findRun(id as RunId);
  if (run !== undefined) return run;
  throw new WatersmeetError("RUN_NOT_FOUND", `There is no run ${id}`, {
    hint: "watersmeet runs list shows the last ones",
  });
}

/** @throws {RUN_NOT_FOUND} also when the run is no backfill */
export async function getBackfill(ledger: Ledger, id: string): Promise<RunRecord> {
  const run = await getRun(ledger, id);
  if (run.kind === "backfill") return run;
  throw new WatersmeetError("RUN_NOT_FOUND", `Run ${id} is not a backfill`, { hint: "Look for it among the runs" });
}

/** @throws {RUN_NOT_FOUND} */
export async function listRunSteps(
  { ledger, waitingFor }: Pick<Watersmeet, "ledger" | "waitingFor">,
  filter: { readonly id: string; readonly state?: StepState | undefined; readonly asset?: string | undefined },
  page: PageRequest,
): Promise<Page<StepDto>> {
  const { id } = await getRun(ledger, filter.id);
  const { state, asset } = filter;
  const where = { ...(state && { state }), ...(asset !== undefined && { asset: parseAssetKey(asset) }) };
  const steps = await ledger.listSteps(id, where, page);
  const idle = steps.items.filter((step) => step.state === "waiting" || step.state === "ready");
  const reasons = await waitingFor(idle);
  const waiting = new Map(idle.map((step, index) => [step.ordinal, reasons[index] ?? null]));
  return {
    items: steps.items.map((step) => toStepDto(step, waiting.get(step.ordinal) ?? null)),
    nextCursor: steps.nextCursor,
  };
}

export interface LogLineDto {
  readonly at: string;
  readonly level: string;
  readonly message: string;
  readonly attempt: number;
}

/** @throws {RUN_NOT_FOUND} */
export async function listLogLines(
  ledger: Ledger,
  step: { readonly id: string; readonly ordinal: number },
  page: PageRequest,
): Promise<Page<LogLineDto>> {
  const { id } = await getRun(ledger, step.id);
  const lines = await ledger.listLogLines(id, step.ordinal, page);
  return {
    items: lines.items.map(({ at, level, message, attempt }) => ({ at: at.toISOString(), level, message, attempt })),
    nextCursor: lines.nextCursor,
  };
}

/** @throws {RUN_NOT_FOUND} */
export async function findRunSummary(
  { ledger, outliers, splits }: Pick<Watersmeet, "ledger" | "outliers" | "splits">,
  id: string,
): Promise<RunSummaryDto> {
  const run = await getRun(ledger, id);
  const steps = await ledger.summarizeSteps(run.id);
  const hasFailures = run.steps.failed + run.steps.blocked > 0;
  return buildRunSummary(run, steps, {
    failed: hasFailures ? await listFailedSteps(ledger, run.id) : [],
    outliers: await outliers(run.id),
    splits: (await splits(run.id)).map(toSplitDto),
  });
}

async function listFailedSteps(ledger: Ledger, id: RunId): Promise<readonly StepRecord[]> {
  const page = { limit: maxFailedSteps };
  const failed = await ledger.listSteps(id, { state: "failed" }, page);
  const blocked = await ledger.listSteps(id, { state: "blocked" }, page);
  return [...failed.items, ...blocked.items].sort((a, b) => a.ordinal - b.ordinal);
}
