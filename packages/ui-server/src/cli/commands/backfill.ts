import type { Plan } from "@watersmeet/core/plan";
import type { Watersmeet } from "@watersmeet/runtime";
import { z } from "zod";
import { estimateDuration, type StepDurations } from "../../read/estimate-duration.ts";
import { buildPlanDto } from "../../read/plan-dto.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import { refuseWhenInterrupted, type CommandDeps } from "../deps.ts";
import { onDeployInput, onDeployOption } from "../on-deploy-input.ts";
import { exitCodeOf, followedExitCodes, followRun, type FollowedRun } from "../progress/follow-run.ts";
import { requireSoundProject } from "../project/require-sound-project.ts";
import { renderPlan } from "../render/plan.ts";
import { formatDuration } from "../render/quantities.ts";
import { renderFollowedRun } from "../render/run-summary.ts";
import type { Style } from "../render/style.ts";

export const definition: CommandDefinition = {
  name: "backfill",
  summary: "Runs a range of partitions",
  description:
    "A backfill is a run over a range, of kind backfill. It can be paused, resumed, cancelled, and its failed steps retried, " +
    "from here or from another terminal. --dry-run says how many steps it has and how long they should take.",
  arguments: [{ name: "select", description: "which assets, in the selection grammar", isRequired: true }],
  options: [
    { flags: "-p, --partitions <A..B>", description: "the range, both ends included (required)" },
    { flags: "--missing-only", description: "leave alone what has a version" },
    { flags: "-f, --force", description: "also what is up to date" },
    { flags: "--max-parallel <n>", description: "steps at the same time, at most" },
    onDeployOption,
    { flags: "--dry-run", description: "steps and an estimate; run nothing" },
  ],
  examples: [
    "watersmeet backfill dailyDelays --partitions 2001-02-01..2001-02-28",
    "watersmeet backfill +dailyDelays --partitions 2001-01-01..2001-06-30 --missing-only --max-parallel 4",
    "watersmeet backfill dailyDelays --partitions 2001-02-01..2001-02-28 --dry-run",
    "watersmeet backfill list",
  ],
  json: "{ run: Run, summary: RunSummary }; with --dry-run { plan: Plan, estimateMs: number | null }",
  exitCodes: followedExitCodes,
};

const input = z.strictObject({
  select: z.string(),
  partitions: z.string({ error: "is required: --partitions 2001-02-01..2001-02-28" }),
  force: z.boolean().exactOptional(),
  missingOnly: z.boolean().exactOptional(),
  maxParallel: z.coerce.number().int().min(1).exactOptional(),
  onDeploy: onDeployInput.exactOptional(),
  dryRun: z.boolean().default(false),
});

/** `estimateMs` is `null` when no asset of the plan has ever run. */
export type BackfillResult =
  | ({ readonly kind: "followed" } & FollowedRun)
  | { readonly kind: "dryRun"; readonly plan: Plan; readonly estimateMs: number | null };

export async function run({ dryRun, ...request }: z.output<typeof input>, deps: CommandDeps): Promise<BackfillResult> {
  await using watersmeet = await deps.openProject();
  requireSoundProject(watersmeet.project(), deps);
  if (dryRun) {
    const plan = await watersmeet.plan(request);
    const parallel = Math.min(request.maxParallel ?? Infinity, watersmeet.config.worker.concurrency);
    return {
      kind: "dryRun",
      plan,
      estimateMs: estimateDuration(plan, await readDurations(watersmeet, plan), parallel),
    };
  }
  refuseWhenInterrupted(deps);
  const { run } = await watersmeet.submitRun({ ...request, kind: "backfill", requestedBy: deps.requestedBy });
  return { kind: "followed", ...(await followRun(watersmeet, run, deps)) };
}

export function renderBackfill(result: BackfillResult, style: Style): string {
  if (result.kind === "followed") return renderFollowedRun(result, style);
  if (result.plan.stepCount === 0) return renderPlan(result.plan, style);
  const estimate =
    result.estimateMs === null
      ? "No estimate: nothing of it has run before"
      : `About ${formatDuration(result.estimateMs)}, judging by earlier steps`;
  return `${renderPlan(result.plan, style)}\n${estimate}`;
}

/** Recent versions tell how long a step takes, from its start to its commit. */
const sampledVersions = 20;

async function readDurations(watersmeet: Watersmeet, plan: Plan): Promise<StepDurations> {
  const durations = new Map<string, number>();
  for (const { asset, run } of plan.assets) {
    if (run.length === 0) continue;
    const { items } = await watersmeet.ledger.listMaterializations({ asset }, { limit: sampledVersions });
    const total = items.reduce((ms, { startedAt, committedAt }) => ms + committedAt.getTime() - startedAt.getTime(), 0);
    if (items.length > 0) durations.set(asset, total / items.length);
  }
  return durations;
}

export const backfillCommand = bindCommand({
  definition,
  input,
  run,
  handlesInterrupt: true,
  render: renderBackfill,
  toJson: (result) =>
    result.kind === "dryRun"
      ? { plan: buildPlanDto(result.plan), estimateMs: result.estimateMs }
      : { run: result.run, summary: result.summary },
  exitCode: (result) => (result.kind === "dryRun" ? 0 : exitCodeOf(result)),
});
