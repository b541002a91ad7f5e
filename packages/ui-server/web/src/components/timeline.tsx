import { memo, useMemo } from "react";
import type { StepDto } from "../../../src/read/run-dto.ts";
import { formatCount, formatDuration, formatPartition } from "../format.ts";
import { statusTone, statusWord, type Status } from "./status.tsx";

interface Lane {
  readonly asset: string;
  readonly steps: readonly StepDto[];
  readonly doneCount: number;
}

interface Props {
  readonly steps: readonly StepDto[];
  /** Instant that unfinished steps are drawn up to, in ms. */
  readonly now: number;
}

/** One lane per asset, one mark per step that has begun, from the first start to the last end. */
export const Timeline = memo(({ steps, now }: Props) => {
  const lanes = useMemo(() => groupByAsset(steps), [steps]);
  const starts = steps.flatMap(({ startedAt }) => (startedAt === null ? [] : [Date.parse(startedAt)]));
  if (starts.length === 0) return <p className="quiet">No step has begun yet.</p>;
  const from = Math.min(...starts);
  const to = Math.max(from + 1, ...steps.map((step) => (step.startedAt === null ? 0 : endOf(step, now))));
  return (
    <div className="timeline" role="table" aria-label={`Steps over ${formatDuration(to - from)}`}>
      {lanes.map((lane) => (
        <div key={lane.asset} className="lane" role="row">
          <span className="lane-name" role="rowheader">
            <a href={`/assets/${encodeURIComponent(lane.asset)}`}>{lane.asset}</a>{" "}
            <span className="quiet">
              {formatCount(lane.doneCount)}/{formatCount(lane.steps.length)}
            </span>
          </span>
          <svg className="lane-marks" role="cell" viewBox="0 0 1000 20" preserveAspectRatio="none">
            {lane.steps.map((step) => (
              <Mark key={step.ordinal} step={step} scale={{ from, to, now }} />
            ))}
          </svg>
        </div>
      ))}
      <div className="lane axis" aria-hidden="true">
        <span className="lane-name" />
        <span className="axis-ends">
          <span>0</span>
          <span>{formatDuration(to - from)}</span>
        </span>
      </div>
    </div>
  );
});

function Mark({ step, scale }: { readonly step: StepDto; readonly scale: { from: number; to: number; now: number } }) {
  if (step.startedAt === null) return null;
  const start = Date.parse(step.startedAt);
  const end = endOf(step, scale.now);
  const width = Math.max(2, ((end - start) / (scale.to - scale.from)) * 1000);
  const x = Math.min(1000 - width, ((start - scale.from) / (scale.to - scale.from)) * 1000);
  return (
    <rect
      className={`mark tone-${statusTone(step.state)}`}
      x={x}
      y={3}
      width={width}
      height={14}
      data-state={step.state}
    >
      <title>
        {formatPartition(step.partition)}: {statusWord(step.state)}, {formatDuration(end - start)}
      </title>
    </rect>
  );
}

const ended = new Set<Status>(["succeeded", "unchanged", "failed", "blocked", "cancelled", "upstreamFailed"]);

function groupByAsset(steps: readonly StepDto[]): readonly Lane[] {
  const groups = Map.groupBy(steps, ({ asset }) => asset);
  return [...groups].map(([asset, own]) => ({
    asset,
    steps: own,
    doneCount: own.filter(({ state }) => ended.has(state)).length,
  }));
}

function endOf(step: StepDto, now: number): number {
  return step.finishedAt === null ? now : Date.parse(step.finishedAt);
}
