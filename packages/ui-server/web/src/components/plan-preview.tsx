import type { PlanDto } from "../../../src/read/plan-dto.ts";
import { formatCount, formatPartition } from "../format.ts";

/** What would run and why, and what would not. */
export function PlanPreview({ plan }: { readonly plan: PlanDto }) {
  return (
    <section aria-label="Plan">
      <p>
        {plan.stepCount === 0
          ? "Nothing to do: what is selected is up to date or cannot be made yet."
          : `${formatCount(plan.stepCount)} steps would run.`}
      </p>
      <table>
        <tbody>
          {plan.assets.map(({ asset, run, skip }) => (
            <tr key={asset}>
              <th scope="row">{asset}</th>
              <td>
                {run.map((group) => (
                  <div key={`run ${group.reason.kind} ${group.ranges[0]?.from}`}>
                    <strong>run</strong> {describeReason(group.reason)} <Ranges ranges={group.ranges} />
                  </div>
                ))}
                {skip.map((group) => (
                  <div key={`skip ${group.reason.kind} ${group.ranges[0]?.from}`} className="quiet">
                    skip {describeReason(group.reason)} <Ranges ranges={group.ranges} />
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type Group = PlanDto["assets"][number]["run" | "skip"][number];

const reasons: Readonly<Record<Group["reason"]["kind"], string>> = {
  missing: "missing",
  codeChanged: "code changed",
  schemaChanged: "schema changed",
  inputChanged: "input changed",
  inputPlanned: "input is made in this plan",
  ordersChanged: "a decision about its batches",
  forced: "forced",
  upToDate: "up to date",
  notMissing: "has a version",
  pinned: "rolled back, and pinned there until it is forced",
  inputMissing: "an input does not exist",
};

function describeReason(reason: Group["reason"]): string {
  const inputs = "inputs" in reason ? ` (${reason.inputs.join(", ")})` : "";
  return `${reasons[reason.kind]}${inputs}`;
}

const shownRanges = 4;

function Ranges({ ranges }: { readonly ranges: Group["ranges"] }) {
  const words = ranges
    .slice(0, shownRanges)
    .map(({ from, to, count }) => (count === 1 ? formatPartition(from) : `${from}..${to} (${formatCount(count)})`));
  if (ranges.length > shownRanges) words.push(`${formatCount(ranges.length - shownRanges)} more ranges`);
  return <span className="quiet">{words.join(", ")}</span>;
}
