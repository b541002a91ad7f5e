import type {
  AutomationDto,
  AutomationExplanationDto,
  ExplainedStepDto,
  PauseDto,
  TickDto,
} from "../../read/automation-dto.ts";
import { countOf, formatInstant } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

export function renderAutomationList(items: readonly AutomationDto[], style: Style): string {
  if (items.length === 0)
    return "Nothing starts runs by itself. Give an asset automation: eager(), or export a schedule({ cron, select }).";
  const columns = [
    { title: "name" },
    { title: "kind" },
    { title: "says" },
    { title: "next" },
    { title: "last" },
  ] as const;
  const rows = items.map((item) => [item.name, item.kind, item.says, renderNext(item, style), renderLast(item, style)]);
  return renderTable(columns, rows, style);
}

function renderNext({ pause, nextAt, kind }: AutomationDto, style: Style): string {
  if (pause !== null) return style.yellow(`paused by ${pause.by}`);
  if (nextAt !== null) return formatInstant(new Date(nextAt));
  return kind === "condition" ? "when something changes" : "at once";
}

function renderLast({ failure, lastTick }: AutomationDto, style: Style): string {
  if (failure !== null) return style.red(`failed: ${failure.message}`);
  return lastTick === null ? "" : `${formatInstant(new Date(lastTick.evaluatedAt))}  ${colorOutcome(lastTick, style)}`;
}

export function renderAutomation(item: AutomationDto, style: Style): string {
  const { name, kind, says, doc, select, file, line, failure, lastTick } = item;
  const lines = [
    `${style.bold(name)}  ${kind}  ${says}`,
    ...(doc === "" ? [] : [doc]),
    ...(select === null || kind === "condition" ? [] : [`runs ${select}`]),
    `written in ${file}:${line}`,
    ...renderPause(item.pause, style),
    ...(item.pause === null ? [`next: ${renderNext(item, style)}`] : []),
    ...(failure === null ? [] : [style.red(`${failure.code} ${failure.message}`)]),
    ...(failure?.hint ? [`  ${failure.hint}`] : []),
    ...(lastTick === null ? ["it has not come to anything yet"] : renderTick(lastTick, { style, explains: false })),
  ];
  return lines.join("\n");
}

function renderPause(pause: PauseDto | null, style: Style): readonly string[] {
  if (pause === null) return [];
  return [style.yellow(`paused by ${pause.by} since ${formatInstant(new Date(pause.at))}: ${pause.reason}`)];
}

export function renderTicks(
  { items, explains }: { readonly items: readonly TickDto[]; readonly explains: boolean },
  style: Style,
): string {
  if (items.length === 0) return "It has not come to anything yet";
  return items.flatMap((tick) => renderTick(tick, { style, explains })).join("\n");
}

function renderTick(
  tick: TickDto,
  { style, explains }: { readonly style: Style; readonly explains: boolean },
): readonly string[] {
  const head = `${formatInstant(new Date(tick.evaluatedAt))}  ${style.bold(tick.name)}  ${colorOutcome(tick, style)}  ${tick.message}`;
  const requests = tick.requests.map(({ select, partitions, dedupeKey, runId, failure }) => {
    const what = `${select}${partitions === null ? "" : ` [${partitions}]`}${dedupeKey === null ? "" : ` for "${dedupeKey}"`}`;
    const how = runId !== null ? `run ${runId}` : failure === null ? "is being started" : style.red(messageOf(failure));
    return `  ${what}: ${how}`;
  });
  const steps = explains && tick.explanation !== null ? renderStep(tick.explanation, style, "    ") : [];
  return [head, ...requests, ...steps];
}

function messageOf(failure: TickDto["requests"][number]["failure"]): string {
  const message = failure !== null && typeof failure === "object" && "message" in failure ? failure["message"] : null;
  return typeof message === "string" ? message : "it could not be run";
}

const outcomeColors: Readonly<Record<TickDto["outcome"], (text: string, style: Style) => string>> = {
  requested: (text, style) => style.green(text),
  skipped: (text, style) => style.yellow(text),
  deduplicated: (text, style) => style.yellow(text),
  failed: (text, style) => style.red(text),
};

function colorOutcome({ outcome }: TickDto, style: Style): string {
  return outcomeColors[outcome](outcome, style);
}

/** Why a condition requests its asset or does not, step by step. */
export function renderExplanation(explanation: AutomationExplanationDto, style: Style): readonly string[] {
  const { says, pause, requestedCount, step } = explanation;
  const verdict =
    pause !== null
      ? "it is paused, and would request"
      : requestedCount === 0
        ? "now it requests nothing"
        : "the next evaluation requests";
  const what = requestedCount === 0 && pause === null ? "" : ` ${countOf(requestedCount, "partition")}`;
  return [
    `${style.bold("automation")} ${says}: ${verdict}${what}`,
    ...renderPause(pause, style).map((line) => `  ${line}`),
    ...renderStep(step, style, "  "),
  ];
}

/** Of one partition a step holds or does not; of several, for so many. */
function renderStep(
  { says, count, of, detail, parts }: ExplainedStepDto,
  style: Style,
  indent: string,
): readonly string[] {
  const mark =
    of <= 1 ? (count === 1 ? "yes" : "no") : count === of ? "all" : count === 0 ? "none" : `${count} of ${of}`;
  const shown = count > 0 ? style.green(mark.padEnd(4)) : style.yellow(mark.padEnd(4));
  const line = `${indent}${shown} ${says}${detail === null ? "" : `: ${detail}`}`;
  return [line, ...parts.flatMap((part) => renderStep(part, style, `${indent}  `))];
}
