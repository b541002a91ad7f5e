import { labelPartition } from "../../../read/label-partition.ts";
import { shortId } from "../../../read/merges/merge-words.ts";
import type {
  EpochDto,
  FieldDto,
  SchemaCheckDto,
  SchemaDifferenceDto,
  SchemaVerdictDto,
} from "../../../read/merges/schema-dto.ts";
import { stripControls } from "../cells.ts";
import { countOf, formatCount } from "../quantities.ts";
import type { Style } from "../style.ts";
import { renderTable } from "../table.ts";
import { renderAt } from "./merge-words.ts";

type SchemaChange = SchemaVerdictDto["comparisons"][number]["changes"][number];

/** Every form, oldest first, with what the author said when it was left. */
export function renderEpochs(epochs: readonly EpochDto[], style: Style): string {
  if (epochs.length === 0) return "No version has been made yet, so no form of the schema is on record";
  return epochs.map((epoch) => renderEpoch(epoch, style)).join("\n\n");
}

function renderEpoch(epoch: EpochDto, style: Style): string {
  const columns = [{ title: "field" }, { title: "name" }, { title: "type" }, { title: "" }] as const;
  const rows = epoch.fields.map((field) => [field.id, style.bold(field.name), field.type, describeField(field)]);
  const present = epoch.isPresent ? `  ${style.green("now")}` : "";
  return [
    `${style.bold(`epoch ${epoch.number}`)} since ${renderAt(epoch.registeredAt)}, ${countOf(epoch.batchCount, "batch", "batches")}${present}`,
    ...(epoch.note === null ? [] : [`left because: ${epoch.note}`]),
    renderTable(columns, rows, style),
  ].join("\n");
}

function describeField({ isKey, isNullable, unit }: FieldDto): string {
  return [isKey ? "key" : "", isNullable ? "may be null" : "", unit === null ? "" : `in ${unit}`]
    .filter((word) => word !== "")
    .join(", ");
}

/** The present form against each that still has batches, change by change. */
export function renderSchemaCheck({ items }: SchemaCheckDto, style: Style): string {
  if (items.length === 0) return "No merge is selected";
  return items.map((verdict) => renderVerdict(verdict, style)).join("\n\n");
}

function renderVerdict(
  { asset, isCompatible, broken, comparisons, replay, differences }: SchemaVerdictDto,
  style: Style,
): string {
  const word = isCompatible ? style.green("compatible") : style.red("incompatible");
  const changed = comparisons.filter(({ changes }) => changes.length > 0);
  const lines = changed.flatMap(({ from, changes, isBridged }) => [
    `  since epoch ${from}${isBridged ? ", from which an upcaster leads on" : ""}`,
    ...changes.map((change) => {
      const mark = change.isCompatible ? style.green("ok") : style.red("no");
      return `    ${mark}  ${change.text}${change.isCompatible ? "" : describeConsumers(change.consumers)}`;
    }),
  ]);
  const same =
    comparisons.length === 0 ? "  nothing was written in another form" : "  no form differs from the present one";
  return [
    `${style.bold(asset)}: ${word}`,
    ...broken.flatMap(({ message, hint }) => [
      `  ${style.red("no")}  ${message}`,
      ...(hint === null ? [] : [`    ${style.cyan("hint")}: ${hint}`]),
    ]),
    ...(lines.length === 0 ? [same] : lines),
    ...renderReplay(replay, style),
    ...differences.flatMap((difference) => renderDifference(asset, difference, style)),
  ].join("\n");
}

function describeConsumers(consumers: SchemaChange["consumers"]): string {
  const named = consumers.flatMap(({ asset, namedAt }) => (namedAt === null ? [] : [`${asset} (${namedAt})`]));
  const others = consumers.filter(({ namedAt }) => namedAt === null).map(({ asset }) => asset);
  return [
    ...(named.length === 0 ? [] : [`; read by ${named.join(", ")}`]),
    ...(others.length === 0
      ? []
      : [`; ${others.join(", ")} read${others.length === 1 ? "s" : ""} the merge without naming it`]),
  ].join("");
}

function renderDifference(asset: string, difference: SchemaDifferenceDto, style: Style): readonly string[] {
  const { partition, version, comparedKeys, differentKeys, samples, failure } = difference;
  const where = `${labelPartition(asset, partition)} version ${version}`;
  if (failure !== null) {
    const hint = failure.hint === null ? [] : [`    ${style.cyan("hint")}: ${failure.hint}`];
    return [`  ${where} cannot be made anew: ${style.red(failure.code)}: ${failure.message}`, ...hint];
  }
  const compared = `${countOf(comparedKeys, "key")} of ${where} made anew`;
  if (differentKeys === 0) return [`  ${compared}: the same`];
  return [
    `  ${compared}: ${style.yellow(`${formatCount(differentKeys)} differ`)}`,
    ...samples.flatMap(({ key, before, after }) => [
      `    ${stripControls(key)}`,
      `      was ${renderRowsOf(before)}`,
      `      is  ${renderRowsOf(after)}`,
    ]),
  ];
}

function renderRowsOf(rows: SchemaDifferenceDto["samples"][number]["before"]): string {
  return rows.length === 0 ? "no row" : stripControls(rows.map((row) => JSON.stringify(row)).join(" "));
}

function renderReplay(replay: SchemaVerdictDto["replay"], style: Style): readonly string[] {
  return replay.flatMap(({ batchId, epoch, rowCount, rejectedCount, reasons }) => {
    const read = `  replayed batch ${shortId(batchId)} of epoch ${epoch}: ${countOf(rowCount, "row")}`;
    if (rejectedCount === 0) return [`${read}, all read`];
    return [`${read}, ${style.red(`${formatCount(rejectedCount)} rejected`)}`, ...reasons.map((why) => `    ${why}`)];
  });
}
