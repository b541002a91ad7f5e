import { labelPartition } from "../../read/label-partition.ts";
import type { FailureGroupDto, RunSummaryDto } from "../../read/run-summary.ts";
import type { FollowedRun } from "../progress/follow-run.ts";
import { countOf, formatCount, formatDuration } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

/** The end of a run as people read it: what was built, how long it took, what failed and what to do. */
export function renderFollowedRun({ run, summary }: FollowedRun, style: Style): string {
  if (summary.stepCount === 0) return renderNothingToDo(summary, style);
  const resume = `watersmeet ${run.kind} ${quote(run.select)}${run.partitions === null ? "" : ` --partitions ${quote(run.partitions)}`}`;
  return [
    renderAssetTable(summary, style),
    "",
    renderOutcome(summary, style),
    ...renderRunFailure(run, style),
    ...renderSkipped(summary),
    ...renderUneven(summary),
    ...summary.failures.flatMap((failure) => ["", ...renderFailure(failure, style)]),
    ...renderNext(summary, resume),
  ].join("\n");
}

export function renderRunSummary(summary: RunSummaryDto, style: Style): string {
  return [
    renderAssetTable(summary, style),
    "",
    renderOutcome(summary, style),
    ...renderSkipped(summary),
    ...renderUneven(summary),
    ...summary.failures.flatMap((failure) => ["", ...renderFailure(failure, style)]),
  ].join("\n");
}

/** Why a run was cancelled that nobody cancelled. */
export function renderRunFailure({ failure }: FollowedRun["run"], style: Style): readonly string[] {
  if (failure === null) return [];
  const hint = failure.hint === null ? [] : [`  ${style.cyan("hint")}: ${indent(failure.hint)}`];
  return [`  ${style.bold(failure.code)}: ${indent(failure.message)}`, ...hint];
}

function renderUneven({ outliers, splits }: RunSummaryDto): readonly string[] {
  return [...outliers.map(renderOutlier), ...splits.map(({ text }) => text)];
}

function renderOutlier(outlier: RunSummaryDto["outliers"][number]): string {
  const name = labelPartition(outlier.asset, outlier.partition);
  if (outlier.kind === "straggler") {
    return `${name} runs for ${formatDuration(outlier.elapsedMs)}; its siblings took ${formatDuration(outlier.medianMs)}`;
  }
  return `${name} has ${formatCount(outlier.rowCount)} rows and took ${formatDuration(outlier.tookMs)}; its siblings have ${formatCount(Math.round(outlier.medianRows))}`;
}

function renderNothingToDo(summary: RunSummaryDto, style: Style): string {
  const skipped = Object.entries(summary.skipped).map(
    ([reason, count]) => `${formatCount(count)} ${skipWords[reason] ?? reason}`,
  );
  return `${style.green("Nothing to do")}${skipped.length === 0 ? "" : `: ${skipped.join(", ")}`}`;
}

function renderAssetTable(summary: RunSummaryDto, style: Style): string {
  const columns = [
    { title: "asset" },
    { title: "steps", align: "right" },
    { title: "rows", align: "right" },
    { title: "took", align: "right" },
    { title: "in parallel", align: "right" },
    { title: "result" },
  ] as const;
  const rows = summary.assets.map((asset) => [
    asset.asset,
    formatCount(asset.stepCount),
    formatCount(asset.rowCount),
    formatDuration(asset.wallMs),
    formatParallelism(asset.wallMs === 0 ? 0 : asset.busyMs / asset.wallMs),
    renderStates(asset.steps, style),
  ]);
  return renderTable(columns, rows, style);
}

const stateWords = {
  succeeded: "built",
  unchanged: "unchanged",
  failed: "failed",
  blocked: "blocked",
  upstreamFailed: "skipped: upstream failed",
  cancelled: "cancelled",
  running: "running",
  ready: "ready",
  waiting: "waiting",
} as const;

function renderStates(steps: RunSummaryDto["assets"][number]["steps"], style: Style): string {
  const words: string[] = [];
  for (const [state, word] of Object.entries(stateWords)) {
    const count = steps[state as keyof typeof stateWords];
    if (count === 0) continue;
    const text = `${formatCount(count)} ${word}`;
    words.push(state === "failed" || state === "blocked" ? style.red(text) : text);
  }
  return words.join(", ");
}

function renderOutcome(summary: RunSummaryDto, style: Style): string {
  const facts = [
    countOf(summary.stepCount, "step"),
    `${formatCount(summary.rowCount)} rows`,
    formatDuration(summary.wallMs),
    `${formatParallelism(summary.parallelism)} steps at a time on average (${formatDuration(summary.busyMs)} of work)`,
  ].join(", ");
  const word =
    summary.state === "succeeded"
      ? style.green("Succeeded")
      : summary.state === "failed"
        ? style.red("Failed")
        : style.yellow(capitalize(summary.state));
  return `${word}: ${facts}`;
}

const skipWords: Readonly<Record<string, string>> = {
  upToDate: "up to date",
  notMissing: "left alone, since they have a version",
  pinned: "rolled back, and left where they are: --force runs them",
  inputMissing: "not possible, since an input has no data and is not selected",
};

function renderSkipped(summary: RunSummaryDto): readonly string[] {
  const skipped = Object.entries(summary.skipped).filter(([, count]) => count > 0);
  if (skipped.length === 0) return [];
  return [
    `Not run: ${skipped.map(([reason, count]) => `${formatCount(count)} ${skipWords[reason] ?? reason}`).join(", ")}`,
  ];
}

const shownPartitions = 5;

function renderFailure(failure: FailureGroupDto, style: Style): readonly string[] {
  const named = failure.partitions.filter((partition) => partition !== "");
  const more = named.length > shownPartitions ? ` and ${formatCount(named.length - shownPartitions)} more` : "";
  const where = named.length === 0 ? "" : ` [${named.slice(0, shownPartitions).join(", ")}${more}]`;
  const lines = [
    `${style.red(failure.state)} ${style.bold(failure.asset)}${where}${describeClass(failure)}`,
    `  ${style.bold(failure.code)}: ${indent(failure.message)}`,
  ];
  if (failure.hint !== null) lines.push(`  ${style.cyan("hint")}: ${indent(failure.hint)}`);
  for (const row of failure.sampleRows) lines.push(`  ${style.dim("row")}: ${JSON.stringify(row)}`);
  return lines;
}

const classWords: Readonly<Record<string, string>> = {
  poison: "poison: set aside, because it takes its process down",
  data: "data: rows are at fault",
};

/** What stops a step that a gate blocked is data, always. */
function describeClass(failure: FailureGroupDto): string {
  const words = failure.state === "failed" ? classWords[failure.class] : undefined;
  return words === undefined ? "" : `  (${words})`;
}

function renderNext(summary: RunSummaryDto, resume: string): readonly string[] {
  if (summary.state === "cancelled") return ["", `Finished steps are kept. To go on: ${resume}`];
  if (summary.state !== "failed") return [];
  return [
    "",
    `After mending the code: ${resume}   or, when the code was right: watersmeet runs retry ${summary.runId}`,
  ];
}

function formatParallelism(value: number): string {
  return value.toFixed(1);
}

function capitalize(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

function indent(text: string): string {
  return text.replaceAll("\n", "\n    ");
}

/** For a POSIX shell. */
function quote(text: string): string {
  return /^[A-Za-z0-9_+.:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
