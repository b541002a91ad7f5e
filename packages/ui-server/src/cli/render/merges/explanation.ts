import { labelPartition } from "../../../read/label-partition.ts";
import type { ContributionDto, ExplainedCellDto, ExplanationDto } from "../../../read/merges/explanation-dto.ts";
import { lateWords, renderOrigin, shortId } from "../../../read/merges/merge-words.ts";
import { renderCell, stripControls } from "../cells.ts";
import type { Style } from "../style.ts";
import { renderTable } from "../table.ts";
import { colorStanding } from "./batches.ts";
import { fateWords, renderCursor } from "./merge-words.ts";

/** Why a row is as it is: each cell with who won it and who came next, then what else was said, then where all of it comes from. */
export function renderExplanation(explanation: ExplanationDto, style: Style): string {
  const { asset, partition, version, cutId, key, row, tombstones, others } = explanation;
  const cells = explanation.cells.filter(
    ({ winners, runnersUp }) => row !== null || winners.length + runnersUp.length > 0,
  );
  return [
    `${style.bold(labelPartition(asset, partition))} ${renderPairs(key)}  version ${version}, cut ${shortId(cutId)}`,
    ...(explanation.isByPresentRules ? [] : [style.yellow(otherRules)]),
    ...(row === null ? [style.yellow("There is no row of this key in this version")] : []),
    ...(explanation.isConflict ? [style.yellow("The sources disagree, and the policy keeps what each says")] : []),
    ...(cells.length === 0 ? [] : ["", renderCells(cells, style)]),
    ...renderSection("Tombstones", tombstones, style),
    ...renderSection("Also said", others, style),
    ...renderBatches(explanation, style),
  ].join("\n");
}

const otherRules =
  "The version was made by other rules than the code has now: this is what today's make of what was delivered";

function renderCells(cells: readonly ExplainedCellDto[], style: Style): string {
  const columns = ["column", "value", "policy", "", "branch", "says", "token", "batch"].map((title) => ({ title }));
  const rows = cells.flatMap(({ column, policy, value, winners, runnersUp }) => {
    const head = [style.bold(column), style.bold(renderCell(value, style)), policy];
    const said = [
      ...winners.map((contribution) => [style.green("won"), contribution] as const),
      ...runnersUp.map((contribution, index) => [`runner-up ${index + 1}`, contribution] as const),
    ];
    if (said.length === 0) return [[...head, "", "", style.dim("nobody says anything"), "", ""]];
    return said.map(([place, contribution], index) => [
      ...(index === 0 ? head : ["", "", ""]),
      place,
      contribution.branch,
      renderCell(contribution.cells[column], style),
      renderToken(contribution),
      shortId(contribution.batch.id),
    ]);
  });
  return renderTable(columns, rows, style);
}

function renderSection(title: string, contributions: readonly ContributionDto[], style: Style): readonly string[] {
  if (contributions.length === 0) return [];
  const columns = ["what", "branch", "does", "says", "token", "batch"].map((title) => ({ title }));
  const rows = contributions.map((contribution) => [
    renderFate(contribution),
    contribution.branch,
    contribution.operation,
    renderPairs(contribution.cells),
    renderToken(contribution),
    shortId(contribution.batch.id),
  ]);
  return ["", style.bold(title), renderTable(columns, rows, style)];
}

/** Each batch once, with the step, run and code that made it. */
function renderBatches(explanation: ExplanationDto, style: Style): readonly string[] {
  const { cells, tombstones, others } = explanation;
  const all = [...cells.flatMap(({ winners, runnersUp }) => [...winners, ...runnersUp]), ...tombstones, ...others];
  const batches = new Map(all.map(({ branch, batch }) => [batch.id, { branch, ...batch }]));
  if (batches.size === 0) return [];
  const columns = ["batch", "standing", "gen", "epoch", "cursor", "delivered by", "run", "code", "trace"].map(
    (title) => ({ title }),
  );
  const rows = [...batches.values()].map(({ id, standing, generation, epoch, cursor, origin }) => [
    shortId(id),
    colorStanding(standing, style),
    String(generation),
    String(epoch),
    renderCursor(cursor),
    renderOrigin(origin),
    origin?.runId ?? "",
    origin?.codeVersion.slice(0, 12) ?? "",
    origin?.traceId ?? "",
  ]);
  return ["", style.bold("Where it comes from"), renderTable(columns, rows, style)];
}

function renderFate({ fate, lateClass }: ContributionDto): string {
  return fate === "held" ? `${fateWords.held} (${lateWords[lateClass]})` : fateWords[fate];
}

function renderToken({ token }: ContributionDto): string {
  return token.map(({ part, value }) => `${part} ${stripControls(value)}`).join(", ");
}

function renderPairs(cells: ContributionDto["cells"]): string {
  return Object.entries(cells)
    .map(([column, value]) => `${column}=${stripControls(typeof value === "string" ? value : JSON.stringify(value))}`)
    .join(" ");
}
