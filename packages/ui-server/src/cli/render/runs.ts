import type { RunDto } from "../../read/run-dto.ts";
import type { RunSummaryDto } from "../../read/run-summary.ts";
import { countOf, formatCount, formatInstant } from "./quantities.ts";
import { renderRunFailure, renderRunSummary } from "./run-summary.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

const stateColors: Readonly<Record<RunDto["state"], (text: string, style: Style) => string>> = {
  queued: (text, style) => style.cyan(text),
  running: (text, style) => style.cyan(text),
  paused: (text, style) => style.yellow(text),
  cancelling: (text, style) => style.yellow(text),
  cancelled: (text, style) => style.yellow(text),
  succeeded: (text, style) => style.green(text),
  failed: (text, style) => style.red(text),
};

export function renderRunList(runs: readonly RunDto[], style: Style): string {
  if (runs.length === 0) return "No runs yet. Start one: watersmeet run '*'";
  const columns = [
    { title: "run" },
    { title: "kind" },
    { title: "state" },
    { title: "done", align: "right" },
    { title: "failed", align: "right" },
    { title: "created" },
    { title: "what" },
  ] as const;
  const rows = runs.map((run) => [
    run.id,
    run.kind,
    colorState(run.state, style),
    `${formatCount(countDone(run))}/${formatCount(run.stepCount)}`,
    formatCount(run.steps.failed + run.steps.blocked),
    formatInstant(new Date(run.createdAt)),
    describeRequest(run),
  ]);
  return renderTable(columns, rows, style);
}

export function renderRunDetail(
  { run, summary }: { readonly run: RunDto; readonly summary: RunSummaryDto },
  style: Style,
): string {
  const head = [
    `${style.bold(run.kind)} ${run.id}  ${colorState(run.state, style)}`,
    `${describeRequest(run)}, asked for by ${run.requestedBy} at ${formatInstant(new Date(run.createdAt))}`,
    ...(run.onDeploy === "pin" ? [] : [`when other code is deployed: ${run.onDeploy}`]),
    ...renderRunFailure(run, style),
  ];
  return [...head, "", renderRunSummary(summary, style)].join("\n");
}

/** One line after a change of state. */
export function renderRunState(run: RunDto, style: Style): string {
  const open = run.stepCount - countDone(run);
  return `${run.id}  ${colorState(run.state, style)}  ${countOf(open, "step")} not finished`;
}

function describeRequest(run: RunDto): string {
  return run.partitions === null ? run.select : `${run.select} [${run.partitions}]`;
}

function countDone({ steps }: RunDto): number {
  return steps.succeeded + steps.unchanged + steps.failed + steps.blocked + steps.upstreamFailed + steps.cancelled;
}

function colorState(state: RunDto["state"], style: Style): string {
  return stateColors[state](state, style);
}
