import type { LimitDto, LimitMoveDto } from "../../read/limit-dto.ts";
import { stripControls } from "./cells.ts";
import { countOf, formatCount, formatDuration, formatInstant } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

export function renderLimitList(limits: readonly LimitDto[], style: Style): string {
  if (limits.length === 0) return "No resource is configured, so nothing is limited";
  const columns = [
    { title: "resource" },
    { title: "limit", align: "right" },
    { title: "configured" },
    { title: "in use", align: "right" },
    { title: "waiting", align: "right" },
    { title: "rate" },
    { title: "why" },
  ] as const;
  const rows = limits.map((each) => [
    each.resource,
    each.override === null ? describeLimit(each) : style.yellow(describeLimit(each)),
    describeConfigured(each),
    formatCount(each.taken),
    formatCount(each.waiting),
    describeRate(each),
    describeWhy(each),
  ]);
  return renderTable(columns, rows, style);
}

/** One line after an order. */
export function renderLimit(limit: LimitDto, style: Style): string {
  const waiting =
    limit.waiting === 0 ? "" : `; ${countOf(limit.waiting, "ready step")} ${limit.waiting === 1 ? "needs" : "need"} it`;
  const units = limit.limit === null ? "any number of units" : countOf(limit.limit, "unit");
  return `${style.bold(limit.resource)}: ${units} at the same time, ${formatCount(limit.taken)} in use${describeUntil(limit)} (configured: ${describeConfigured(limit)})${waiting}`;
}

export function renderLimitMoves(moves: readonly LimitMoveDto[], style: Style): string {
  if (moves.length === 0) return "Nothing was decided: the limit does not adapt, or few steps have used the resource";
  const columns = [
    { title: "at" },
    { title: "limit", align: "right" },
    { title: "in use", align: "right" },
    { title: "ended", align: "right" },
    { title: "failed", align: "right" },
    { title: "slower", align: "right" },
    { title: "why" },
  ] as const;
  const rows = moves.map((move) => [
    formatInstant(new Date(move.at)),
    formatCount(move.concurrency),
    formatCount(move.inFlight),
    formatCount(move.completed + move.failed),
    formatCount(move.failed),
    move.slowdown === null ? "" : `${move.slowdown.toFixed(2)} ×`,
    move.reason,
  ]);
  return renderTable(columns, rows, style);
}

function describeLimit({ limit }: LimitDto): string {
  return limit === null ? "none" : formatCount(limit);
}

function describeConfigured({ configured }: LimitDto): string {
  if (configured === null) return "none";
  return configured.kind === "fixed"
    ? formatCount(configured.concurrency)
    : `auto, ${formatCount(configured.min)} to ${formatCount(configured.max)}`;
}

function describeRate({ rate }: LimitDto): string {
  return rate === null ? "" : `${formatCount(rate.count)} per ${formatDuration(rate.perMs)}`;
}

function describeUntil({ override }: LimitDto): string {
  if (override === null) return "";
  return override.until === null ? ", until another order" : `, until ${formatInstant(new Date(override.until))}`;
}

function describeWhy(limit: LimitDto): string {
  const { override, blockedUntil, heldBecause } = limit;
  const lines = [];
  if (override !== null) {
    lines.push(`set by ${override.by}${describeUntil(limit)}: ${stripControls(override.reason)}`);
  }
  if (blockedUntil !== null) {
    const reason = heldBecause === null ? "its rate" : stripControls(heldBecause);
    lines.push(`no start before ${formatInstant(new Date(blockedUntil))}: ${reason}`);
  }
  return lines.join("\n");
}
