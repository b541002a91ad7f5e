import type { BreakerDto } from "../../read/breaker-dto.ts";
import { stripControls } from "./cells.ts";
import { countOf, formatCount, formatInstant } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

const words: Readonly<Record<BreakerDto["state"], (style: Style) => string>> = {
  closed: (style) => style.green("closed"),
  open: (style) => style.red("open"),
  halfOpen: (style) => style.yellow("half-open"),
  forcedOpen: (style) => style.red("held open"),
  disabled: (style) => style.yellow("disabled"),
};

export function renderBreakerList(breakers: readonly BreakerDto[], style: Style): string {
  if (breakers.length === 0) return "No resource is configured, so there is no breaker";
  const columns = [
    { title: "resource" },
    { title: "state" },
    { title: "until" },
    { title: "calls", align: "right" },
    { title: "failed", align: "right" },
    { title: "retries", align: "right" },
    { title: "waiting", align: "right" },
    { title: "why" },
  ] as const;
  const rows = breakers.map((breaker) => [
    breaker.resource,
    words[breaker.state](style),
    describeUntil(breaker),
    formatCount(breaker.calls.ok + breaker.calls.failed),
    formatCount(breaker.calls.failed),
    describeRetries(breaker),
    formatCount(breaker.waiting),
    describeWhy(breaker),
  ]);
  return renderTable(columns, rows, style);
}

/** One line after an order. */
export function renderBreaker(breaker: BreakerDto, style: Style): string {
  const until = describeUntil(breaker);
  const why = breaker.reason === null ? "" : `: ${stripControls(breaker.reason)}`;
  const waiting =
    breaker.waiting === 0
      ? ""
      : `; ${countOf(breaker.waiting, "ready step")} ${breaker.waiting === 1 ? "needs" : "need"} it`;
  return `${style.bold(breaker.resource)} is ${words[breaker.state](style)}${until === "" ? "" : ` until ${until}`}${why}${waiting}`;
}

function describeUntil({ state, until }: BreakerDto): string {
  if (state === "closed") return "";
  if (state === "halfOpen") return "a probe is through";
  return until === null ? "another order" : formatInstant(new Date(until));
}

function describeRetries({ retries: { retries, allowed } }: BreakerDto): string {
  return allowed === null ? formatCount(retries) : `${formatCount(retries)}/${formatCount(allowed)}`;
}

function describeWhy({ reason, setApart, isConfigured }: BreakerDto): string {
  const apart = setApart.map(
    (worker) =>
      `worker ${worker.workerId} is set apart until ${formatInstant(new Date(worker.until))}: ${stripControls(worker.reason)}`,
  );
  const lines = reason === null ? apart : [stripControls(reason), ...apart];
  return lines.length === 0 && !isConfigured ? "off in the configuration" : lines.join("\n");
}
