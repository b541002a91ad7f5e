import { WatersmeetError } from "@watersmeet/core/errors";
import { canonicalKey, keyColumns } from "@watersmeet/core/merge";
import { normalizeValue, type Column, type Row } from "@watersmeet/core/schema";
import type { AssetSpec } from "../../../project/project.ts";
import type { DeskMerge } from "../merge-subject.ts";

/**
 * The key that a person wrote, `{ iata: "TXL" }`, as the cells of a row, in the one form in which they are compared.
 *
 * @throws {KEY_INVALID} when a column of the key is missing, another one is given, or a value is not of its column's type
 */
export function parseKey(
  { key: asset, policy, spec }: Pick<DeskMerge, "key" | "policy"> & { readonly spec: Pick<AssetSpec, "schema"> },
  given: Readonly<Record<string, string>>,
): Row {
  const columns = keyColumns(spec.schema, policy.key);
  const names = columns.map((column) => column.name);
  const invalid = (message: string): WatersmeetError =>
    new WatersmeetError("KEY_INVALID", message, {
      hint: `A key of ${asset} is ${columns.map(({ name, type }) => `${name}=<${type.kind}>`).join(" ")}.`,
    });
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  if (unknown.length > 0) throw invalid(`${unknown.join(", ")} is not part of the key of ${asset}`);
  const cells: Record<string, unknown> = {};
  for (const column of columns) {
    const text = Object.hasOwn(given, column.name) ? given[column.name] : undefined;
    if (text === undefined) throw invalid(`The key of ${asset} needs ${column.name}`);
    const { value, problem } = parseCell(column, text);
    if (problem !== null) throw invalid(`${column.name} of ${asset}: ${problem}`);
    cells[column.name] = value;
  }
  const canonical = canonicalKey(columns, cells);
  if (canonical.kind === "key") return canonical.cells;
  throw invalid(`${canonical.column} of ${asset} cannot be ${JSON.stringify(given[canonical.column])}`);
}

function parseCell({ type }: Column, text: string): ReturnType<typeof normalizeValue> {
  const notA = { value: null, problem: `${JSON.stringify(text)} is not of type ${type.kind}` };
  switch (type.kind) {
    case "integer":
      return /^-?\d+$/.test(text) ? normalizeValue(type, Number(text)) : notA;
    case "bigint":
      return /^-?\d+$/.test(text) ? normalizeValue(type, BigInt(text)) : notA;
    case "boolean":
      return text === "true" || text === "false" ? normalizeValue(type, text === "true") : notA;
    // No key has these types; they are here so that a new type does not compile until somebody has thought of it.
    case "double":
    case "json":
      return notA;
    case "text":
    case "decimal":
    case "date":
    case "timestamp":
      return normalizeValue(type, text);
  }
}
