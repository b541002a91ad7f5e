import type { MaybePromise, RowsOut } from "../dsl/asset.ts";
import type { Asset } from "../dsl/handles.ts";
import { isDefinition } from "../dsl/is-definition.ts";
import { WatersmeetError } from "../errors/watersmeet-error.ts";
import { readRowSchema } from "../schema/read-row-schema.ts";
import { buildRowParser } from "../schema/row-parser.ts";

/**
 * Calls an asset's function with fakes and gives its rows as readers would see them, after the schema has had its say:
 * `await runAsset(badDays, [fake<typeof dailyDelays>([…]), fakeCtx({ partition: "2001-01-31" })])`.
 * @throws {ROW_INVALID} at the first row that the schema refuses @throws {SCHEMA_UNSUPPORTED} when the schema has no columns
 */
export async function runAsset<Row, P extends readonly unknown[]>(
  asset: Asset<Row, (...inputs: P) => MaybePromise<RowsOut<unknown>>>,
  inputs: P,
): Promise<Row[]>;
export async function runAsset(
  asset: Asset<unknown, (...inputs: readonly unknown[]) => MaybePromise<RowsOut<unknown>>>,
  inputs: readonly unknown[],
): Promise<unknown[]> {
  const parse = buildParser(asset);
  const rows: unknown[] = [];
  for await (const given of await asset.fn(...inputs)) {
    const { row, issues } = parse(given);
    const [issue] = issues;
    if (issue !== undefined)
      throw new WatersmeetError(
        "ROW_INVALID",
        `row ${rows.length + 1}, ${issue.column ?? "as a whole"}: ${issue.message}`,
        { details: { issues } },
      );
    rows.push(row);
  }
  return rows;
}

function buildParser(asset: unknown): ReturnType<typeof buildRowParser> {
  if (!isDefinition(asset)) throw new TypeError("not an asset");
  const { schema, problems } = readRowSchema(asset.schema);
  const [problem] = problems;
  if (schema === null)
    throw new WatersmeetError(problem?.code ?? "SCHEMA_UNSUPPORTED", problem?.message ?? "the schema cannot be read");
  return buildRowParser(asset.schema, schema);
}
