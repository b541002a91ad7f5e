import { batchStandings, type BatchStanding } from "@watersmeet/core/merge";
import { labelPartition } from "../../../read/label-partition.ts";
import type { CutDto } from "../../../read/merges/cut-dto.ts";
import type { MergeDto, MergePartitionDto } from "../../../read/merges/merge-dto.ts";
import { renderDecision } from "../../../read/merges/merge-words.ts";
import { countOf, formatCount, formatDuration } from "../quantities.ts";
import type { Style } from "../style.ts";
import { renderTable } from "../table.ts";
import { renderAt, renderFates } from "./merge-words.ts";

/** What a merge joined, what it waits for, and what was left out: of one partition in full, of several in a table. */
export function renderMerge(merge: MergeDto, style: Style): string {
  const [only, ...others] = merge.partitions;
  const frozen = merge.isFrozen ? [renderFrozen(merge.asset, style), ""] : [];
  if (only === undefined)
    return [...frozen, `${style.bold(merge.asset)} has no version and waits for nothing`].join("\n");
  if (others.length > 0) return [...frozen, renderPartitions(merge, style)].join("\n");
  return [...frozen, ...renderPoint(merge.asset, only, style)].join("\n");
}

function renderFrozen(merge: string, style: Style): string {
  return (
    `${style.red("Frozen")}: a check found rows that do not follow from the batches, and nothing is published.\n` +
    `After mending: watersmeet unfreeze ${merge} --reason …`
  );
}

function renderPartitions({ asset, partitions }: MergeDto, style: Style): string {
  const columns = [
    { title: "partition" },
    { title: "version", align: "right" },
    { title: "joined" },
    { title: "watermark" },
    { title: "held", align: "right" },
    { title: "waits for" },
  ] as const;
  const rows = partitions.map(({ partition, version, committedAt, watermark, held, waitingFor }) => [
    style.bold(partition),
    version === null ? "none" : String(version),
    committedAt === null ? "" : renderAt(committedAt),
    watermark ?? "",
    held === 0 ? "" : style.yellow(formatCount(held)),
    [...new Set(waitingFor.map(({ branch }) => branch))].join(", "),
  ]);
  return `${renderTable(columns, rows, style)}\n\n${countOf(partitions.length, "partition")}; one in full: watersmeet cut ${asset}@<partition>`;
}

function renderPoint(merge: string, point: MergePartitionDto, style: Style): readonly string[] {
  const name = style.bold(labelPartition(merge, point.partition));
  const head =
    point.version === null || point.committedAt === null
      ? [`${name} has no version yet`]
      : [
          `${name} version ${point.version}, joined ${renderAt(point.committedAt)}`,
          ...(point.cutId === null ? [] : [`cut ${point.cutId}`]),
          ...(point.decision === null ? [] : [renderDecision(point.decision, formatDuration)]),
          `watermark ${point.watermark ?? "not known"}`,
        ];
  const waits = point.waitingFor.map(({ branch, why }) => `  ${style.bold(branch)}: ${why}`);
  return [
    ...head,
    ...(point.legs.length === 0 ? [] : ["", renderLegs(point.legs, style)]),
    ...(point.version === null ? [] : ["", `Contributions: ${renderFates(point.fates)}`]),
    ...(waits.length === 0 ? [] : ["", "Waits for", ...waits]),
    ...renderLeftOut(merge, point, style),
  ];
}

/** What one version joins, as it was recorded. */
export function renderCut(cut: CutDto, style: Style): string {
  const base = cut.baseVersion === null ? "anew" : `on version ${cut.baseVersion}`;
  return [
    `${style.bold(labelPartition(cut.asset, cut.partition))} version ${cut.version}, joined ${renderAt(cut.committedAt)} ${base}`,
    `cut ${cut.id}`,
    renderDecision(cut.decision, formatDuration),
    `watermark ${cut.watermark ?? "not known"}`,
    ...(cut.isComplete === null
      ? []
      : [cut.isComplete ? "all of its window has come" : "more of its window is to come"]),
    `code ${cut.codeVersion.slice(0, 12)}, policy ${cut.policyVersion.slice(0, 12)}, epoch ${cut.epoch}, joined by ${cut.joinKeys.join(", ")}`,
    "",
    renderLegs(cut.legs, style),
    "",
    `Contributions: ${renderFates(cut.fates)}`,
    ...renderLeftOut(cut.asset, cut, style),
  ].join("\n");
}

/** What legs of the present and of a recorded cut have in common. */
type Leg = MergePartitionDto["legs"][number];

const shownInputs = 3;

function renderLegs(legs: readonly Leg[], style: Style): string {
  const standings = batchStandings.filter((standing) => legs.some(({ batches }) => batches[standing] > 0));
  const columns = [
    { title: "branch" },
    { title: "state" },
    { title: "watermark" },
    ...standings.map((title) => ({ title, align: "right" as const })),
    { title: "made from" },
  ];
  const rows = legs.map((leg) => [
    style.bold(leg.branch),
    colorState(leg.state, style),
    leg.watermark ?? "",
    ...standings.map((standing) => (leg.batches[standing] === 0 ? "" : formatCount(leg.batches[standing]))),
    renderInputs(leg, style),
  ]);
  return renderTable(columns, rows, style);
}

function colorState(state: Leg["state"], style: Style): string {
  return state === "suspect" || state === "missing" ? style.yellow(state) : state;
}

function renderInputs({ inputs, isLastGood }: Leg, style: Style): string {
  const named = inputs
    .slice(0, shownInputs)
    .map(({ asset, partition, version }) => `${labelPartition(asset, partition)} version ${version}`);
  if (inputs.length > shownInputs) named.push(`${formatCount(inputs.length - shownInputs)} more`);
  if (isLastGood) named.push(style.yellow("(its last good version)"));
  return named.join("\n");
}

const leftOutHints: Readonly<Partial<Record<BatchStanding, (merge: string) => string>>> = {
  held: (merge) => ` (watersmeet late list ${merge})`,
  revoked: (merge) => ` (watersmeet audit ${merge})`,
};

function renderLeftOut(merge: string, { legs }: { readonly legs: readonly Leg[] }, style: Style): readonly string[] {
  const lines = legs.flatMap(({ branch, batches, gaps, isLastGood }) => {
    const sentences = [
      ...(["held", "rejected", "revoked"] as const)
        .filter((standing) => batches[standing] > 0)
        .map((standing) => {
          const hint = leftOutHints[standing]?.(merge) ?? "";
          return `${countOf(batches[standing], "batch", "batches")} ${standing}${hint}`;
        }),
      ...gaps.map(({ from, to }) => `nothing was delivered of the cursor from ${from} to ${to}`),
      ...(isLastGood ? ["its newest work; the last good version was joined"] : []),
    ];
    return sentences.map((sentence) => `  ${style.bold(branch)}: ${sentence}`);
  });
  return lines.length === 0 ? [] : ["", "Left out", ...lines];
}
