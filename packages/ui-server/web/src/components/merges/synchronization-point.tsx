import { Link } from "@tanstack/react-router";
import type { MergeLegDto, MergePartitionDto } from "../../../../src/read/merges/merge-dto.ts";
import { fates, renderDecision, shortId } from "../../../../src/read/merges/merge-words.ts";
import { formatCount, formatDuration, formatPartition, formatTime } from "../../format.ts";
import { StatusBadge } from "../status.tsx";
import { TableHead } from "../table-head.tsx";

/** One partition's point: what was joined, leg by leg, what it waits for, and what was left out and why. */
export function SynchronizationPoint({ point }: { readonly point: MergePartitionDto }) {
  return (
    <>
      <dl className="facts">
        <dt>Version</dt>
        <dd>
          {point.version === null ? "none yet" : point.version}
          {point.committedAt !== null && (
            <span className="quiet" title={point.committedAt}>
              {" "}
              joined {formatTime(point.committedAt)}
            </span>
          )}
        </dd>
        {point.cutId !== null && (
          <>
            <dt>Cut</dt>
            <dd>
              <code title={point.cutId}>{shortId(point.cutId)}</code>
            </dd>
          </>
        )}
        {point.decision !== null && (
          <>
            <dt>Joined</dt>
            <dd>{renderDecision(point.decision, formatDuration)}</dd>
          </>
        )}
        <dt>Watermark</dt>
        <dd>{point.watermark ?? "not known"}</dd>
        {point.version !== null && (
          <>
            <dt>Contributions</dt>
            <dd>
              <FateCounts fates={point.fates} />
            </dd>
          </>
        )}
      </dl>
      <ul className="legs" aria-label="Branches">
        {point.legs.map((leg) => (
          <Leg
            key={leg.branch}
            leg={leg}
            waits={point.waitingFor.filter(({ branch }) => branch === leg.branch).map(({ why }) => why)}
          />
        ))}
      </ul>
      <OtherWaits point={point} />
    </>
  );
}

function Leg({ leg, waits }: { readonly leg: MergeLegDto; readonly waits: readonly string[] }) {
  const leftOut = describeLeftOut(leg);
  return (
    <li className="leg" data-branch={leg.branch}>
      <h3>
        {leg.branch} <StatusBadge status={leg.state} />
      </h3>
      <dl>
        <dt>Watermark</dt>
        <dd>{leg.watermark ?? "not known"}</dd>
        <dt>Joined</dt>
        <dd>
          {formatCount(leg.batches.live)} live {leg.batches.live === 1 ? "batch" : "batches"}
          {leg.batches.superseded > 0 && `, ${formatCount(leg.batches.superseded)} superseded`}
          <LegInputs inputs={leg.inputs} />
        </dd>
        {waits.length > 0 && (
          <>
            <dt>Waits for</dt>
            {waits.map((why) => (
              <dd key={why}>{why}</dd>
            ))}
          </>
        )}
        {leftOut.length > 0 && (
          <>
            <dt>Left out</dt>
            {leftOut.map((sentence) => (
              <dd key={sentence}>{sentence}</dd>
            ))}
          </>
        )}
      </dl>
    </li>
  );
}

const shownInputs = 4;

function LegInputs({ inputs }: { readonly inputs: MergeLegDto["inputs"] }) {
  const more = inputs.length - shownInputs;
  return (
    <>
      {inputs.slice(0, shownInputs).map((input) => (
        <div key={`${input.asset} ${input.partition}`}>
          <Link to="/assets/$key" params={{ key: input.asset }}>
            {input.asset}
          </Link>
          {input.partition === "" ? "" : `@${input.partition}`} version {input.version}
        </div>
      ))}
      {more > 0 && <div className="quiet">and {formatCount(more)} more</div>}
    </>
  );
}

function describeLeftOut({ batches, gaps, isLastGood }: MergeLegDto): readonly string[] {
  const counted = [
    [batches.held, "held: too late to count by itself"],
    [batches.rejected, "rejected"],
    [batches.revoked, "revoked"],
  ] as const;
  return [
    ...counted
      .filter(([count]) => count > 0)
      .map(([count, why]) => `${formatCount(count)} ${count === 1 ? "batch" : "batches"} ${why}`),
    ...(isLastGood ? ["its newest work; the last good version was joined"] : []),
    ...gaps.map(({ from, to }) => `the cursor from ${from} to ${to}, which was never delivered`),
  ];
}

/** Waits for branches that the version has no leg of. */
function OtherWaits({ point }: { readonly point: MergePartitionDto }) {
  const known = new Set(point.legs.map(({ branch }) => branch));
  const others = point.waitingFor.filter(({ branch }) => !known.has(branch));
  if (others.length === 0) return null;
  return (
    <ul aria-label="Waits for">
      {others.map(({ branch, why }) => (
        <li key={`${branch} ${why}`}>
          waits for <strong>{branch}</strong>: {why}
        </li>
      ))}
    </ul>
  );
}

/** Counts by fate; they add up to all that was delivered. `before` shows what changed since. */
export function FateCounts({
  fates: counts,
  before,
}: {
  readonly fates: Readonly<Partial<Record<string, number>>>;
  readonly before?: Readonly<Partial<Record<string, number>>> | undefined;
}) {
  const total = fates.reduce((sum, fate) => sum + (counts[fate] ?? 0), 0);
  return (
    <span className="fates">
      {formatCount(total)} in all
      {fates
        .filter((fate) => (counts[fate] ?? 0) > 0 || (before?.[fate] ?? 0) > 0)
        .map((fate) => (
          <span key={fate}>
            <StatusBadge status={fate} /> {formatCount(counts[fate] ?? 0)}
            {before !== undefined && <Difference from={before[fate] ?? 0} to={counts[fate] ?? 0} />}
          </span>
        ))}
    </span>
  );
}

function Difference({ from, to }: { readonly from: number; readonly to: number }) {
  if (from === to) return null;
  return (
    <span className="quiet">
      {" "}
      ({to > from ? "+" : "−"}
      {formatCount(Math.abs(to - from))})
    </span>
  );
}

/** Partitions of a merge, one of which is looked at. */
export function PointList({
  points,
  selected,
  onSelect,
}: {
  readonly points: readonly MergePartitionDto[];
  readonly selected: string | undefined;
  readonly onSelect: (partition: string) => void;
}) {
  return (
    <table>
      <TableHead columns={["Partition", "Version", "Watermark", "Waits for", "Held"]} />
      <tbody>
        {points.map((point) => (
          <tr key={point.partition}>
            <th scope="row">
              <button
                type="button"
                className="link"
                aria-pressed={selected === point.partition}
                onClick={() => onSelect(point.partition)}
              >
                {formatPartition(point.partition)}
              </button>
            </th>
            <td>{point.version ?? "none"}</td>
            <td>{point.watermark ?? ""}</td>
            <td>{[...new Set(point.waitingFor.map(({ branch }) => branch))].join(", ")}</td>
            <td className="number">{point.held === 0 ? "" : formatCount(point.held)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
