import type { Partitions } from "../api/queries.ts";
import { formatCount, formatPartition } from "../format.ts";
import { StatusBadge, statusTone, type Status } from "./status.tsx";

const cellLimit = 2000;

interface Props {
  readonly partitions: Partitions;
  readonly selected: string | undefined;
  readonly onSelect: (partition: string | undefined) => void;
}

/** Ranges of equal status as a bar, and as a list that says the same in words. */
export function PartitionGrid({ partitions, selected, onSelect }: Props) {
  return (
    <div>
      <div className="partition-bar" role="img" aria-label={describe(partitions)}>
        {partitions.ranges.slice(0, cellLimit).map((range) => (
          <span
            key={range.from}
            className={`partition-range tone-${statusTone(range.status)}`}
            style={{ flexGrow: range.count }}
            title={`${range.from} … ${range.to}: ${range.status}`}
          />
        ))}
      </div>
      <ul className="range-list">
        {partitions.ranges.slice(0, 40).map((range) => (
          <li key={range.from}>
            <StatusBadge status={range.status satisfies Status} />{" "}
            <button
              type="button"
              className="link"
              aria-pressed={selected === range.from}
              onClick={() => onSelect(selected === range.from ? undefined : range.from)}
            >
              {formatPartition(range.from)}
            </button>
            {range.count > 1 && (
              <>
                {" … "}
                <button
                  type="button"
                  className="link"
                  aria-pressed={selected === range.to}
                  onClick={() => onSelect(range.to)}
                >
                  {range.to}
                </button>{" "}
                <span className="quiet">({formatCount(range.count)})</span>
              </>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function describe(partitions: Partitions): string {
  const counts = new Map<string, number>();
  for (const range of partitions.ranges) counts.set(range.status, (counts.get(range.status) ?? 0) + range.count);
  return [...counts].map(([status, count]) => `${formatCount(count)} ${status}`).join(", ");
}
