import { useMemo } from "react";
import type { StepDto, WaitingDto } from "../../../src/read/run-dto.ts";
import { formatCount, formatPartition } from "../format.ts";

interface Group {
  readonly waiting: WaitingDto;
  readonly first: StepDto;
  readonly count: number;
}

/** What steps that could run wait for: one line per kind of thing, with the first step as its example. */
export function WaitingList({ steps }: { readonly steps: readonly StepDto[] }) {
  const groups = useMemo(() => groupByReason(steps), [steps]);
  if (groups.length === 0) return null;
  return (
    <section aria-labelledby="waiting">
      <h2 id="waiting">What steps wait for</h2>
      <ul>
        {groups.map(({ waiting, first, count }) => (
          <li key={`${waiting.kind} ${waiting.resource ?? ""}`}>
            <a href={`/assets/${encodeURIComponent(first.asset)}`}>{first.asset}</a> {formatPartition(first.partition)}{" "}
            {waiting.text}
            {count > 1 && <span className="quiet"> (and {formatCount(count - 1)} more like it)</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Steps that wait for others of their run are left out: the timeline shows those. */
function groupByReason(steps: readonly StepDto[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const step of steps) {
    const waiting = step.waitingFor;
    if (waiting === null || waiting.kind === "inputs") continue;
    const key = `${waiting.kind} ${waiting.resource ?? ""}`;
    const known = groups.get(key);
    groups.set(key, known === undefined ? { waiting, first: step, count: 1 } : { ...known, count: known.count + 1 });
  }
  return [...groups.values()];
}
