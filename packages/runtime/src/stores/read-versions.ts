import { WatersmeetError } from "@watersmeet/core/errors";
import type { RowSchema } from "@watersmeet/core/schema";
import { fingerprint, stableJson } from "@watersmeet/core/values";
import { internalSchema, tableNames } from "./catalog/names.ts";
import { getAsset, readMeta, type CatalogAsset } from "./catalog/read-catalog.ts";
import type { Dialect } from "./dialect.ts";
import type { InputVersions, StagedQuery } from "./port/staging.ts";
import { renderLiteralVersions, renderQuerySelection, renderReading, type RowPlace } from "./render-reading.ts";
import { numberOf, textOf, type SqlRow, type SqlSession } from "./sql-session.ts";
import { placeStamped } from "./stamped/place-stamped.ts";
import { findStampedVersions } from "./stamped/stamped-catalog.ts";

export interface VersionsReading {
  /** A SELECT of the rows, columns in schema order. */
  readonly sql: string;
  /** As the ledger has it. */
  readonly rowCount: number;
}

/**
 * A SELECT of pinned versions. To be made and run in one transaction with one snapshot: where a version's rows stand changes with every commit.
 * @throws {STORE_VERSION_UNKNOWN}
 */
export async function readVersions(
  session: SqlSession,
  dialect: Dialect,
  input: InputVersions,
): Promise<VersionsReading> {
  if (input.versions.length === 0) return { sql: renderReading(dialect, input.asset.schema, []), rowCount: 0 };
  const asset = await getAsset(session, input.asset.key);
  const versions = input.versions.map(({ version }) => version);
  const known = await session.run(
    `select v.version, v.row_count, h.version is not null as is_live
     from ${internalSchema}.version v
     left join ${internalSchema}.head h on h.asset_id = v.asset_id and h.partition = v.partition and h.version = v.version and h.environment = $3
     where v.asset_id = $1::integer and v.version in (select unnest($2::integer[]))`,
    [asset.assetId, versions, (await readMeta(session, "live_environment")) ?? ""],
  );
  refuseUnknownVersions(input, new Set(known.map((row) => numberOf(row, "version"))));
  const stamped = asset.isStamped ? await findStampedVersions(session, asset.assetId, versions) : [];
  const isStamped = new Set(stamped.map(({ version }) => version));
  const others = known.filter((row) => !isStamped.has(numberOf(row, "version")));
  const places = [
    ...(await placeStamped(session, asset, stamped)),
    ...(await placeOthers(session, dialect, { asset, known: others })),
  ];
  const rowCount = known.reduce((sum, row) => sum + numberOf(row, "row_count"), 0);
  return { sql: renderReading(dialect, input.asset.schema, places), rowCount };
}

/** The query of a step over its pinned inputs, as a SELECT of the schema's columns. To be made and run in one transaction, too. */
export async function readQuery(
  session: SqlSession,
  dialect: Dialect,
  { query, schema }: { readonly query: StagedQuery; readonly schema: RowSchema },
): Promise<string> {
  const inputs: string[] = [];
  for (const input of query.inputs) inputs.push((await readVersions(session, dialect, input)).sql);
  return renderQuerySelection(dialect, { sql: query.sql, inputs }, schema);
}

/** Many queries in one transaction: what they have in common is looked up once. */
export async function readQueries(
  session: SqlSession,
  dialect: Dialect,
  { queries, schema }: { readonly queries: readonly StagedQuery[]; readonly schema: RowSchema },
): Promise<readonly string[]> {
  const answers = new Map<string, Promise<readonly SqlRow[]>>();
  const remembering: SqlSession = {
    run(sql, parameters = []) {
      const question = stableJson([sql, parameters.map(String)]);
      const answer = answers.get(question) ?? session.run(sql, parameters);
      answers.set(question, answer);
      return answer;
    },
    change: (sql, parameters) => session.change(sql, parameters),
  };
  const selects: string[] = [];
  for (const query of queries) selects.push(await readQuery(remembering, dialect, { query, schema }));
  return selects;
}

/** Names the file of an export after what it holds. */
export function nameExport(storeId: string, input: InputVersions): string {
  const versions = [...new Set(input.versions.map(({ version }) => version))].sort((a, b) => a - b);
  return fingerprint([storeId, input.asset.key, stableJson(input.asset.schema), stableJson(versions)]).slice(0, 40);
}

async function placeOthers(
  session: SqlSession,
  dialect: Dialect,
  { asset, known }: { readonly asset: CatalogAsset; readonly known: readonly SqlRow[] },
): Promise<readonly RowPlace[]> {
  if (known.length === 0) return [];
  const numbers = (rows: readonly SqlRow[]) => rows.map((row) => numberOf(row, "version"));
  if (!asset.isPartitioned) return await placeTables(session, dialect, { asset, versions: numbers(known) });
  return await placePartitions(session, asset, {
    live: numbers(known.filter((row) => textOf(row, "is_live") === "true")),
    hist: numbers(known.filter((row) => textOf(row, "is_live") !== "true")),
  });
}

async function placePartitions(
  session: SqlSession,
  asset: CatalogAsset,
  { live, hist }: { readonly live: readonly number[]; readonly hist: readonly number[] },
): Promise<readonly RowPlace[]> {
  const columns = new Set(asset.schema.columns.map((column) => column.name.toLowerCase()));
  const [count] = await session.run(
    `select count(*) as heads from ${internalSchema}.head where asset_id = $1::integer and environment = (select value from ${internalSchema}.meta where name = 'live_environment')`,
    [asset.assetId],
  );
  // All that readers see: no condition, and the reading costs what a plain table costs.
  const isWhole = count !== undefined && numberOf(count, "heads") === live.length;
  return [
    ...(live.length === 0
      ? []
      : [{ table: tableNames.live(asset.assetId), columns, condition: isWhole ? null : renderLiteralVersions(live) }]),
    ...(hist.length === 0
      ? []
      : [{ table: tableNames.hist(asset.assetId), columns, condition: renderLiteralVersions(hist) }]),
  ];
}

async function placeTables(
  session: SqlSession,
  dialect: Dialect,
  { asset, versions }: { readonly asset: CatalogAsset; readonly versions: readonly number[] },
): Promise<readonly RowPlace[]> {
  const places: RowPlace[] = [];
  for (const version of new Set(versions)) {
    const rows = await session.run(dialect.renderColumnsOf(`a${asset.assetId}_v${version}`));
    const columns = new Set(rows.map((row) => textOf(row, "column_name").toLowerCase()));
    places.push({ table: tableNames.version(asset.assetId, version), columns, condition: null });
  }
  return places;
}

function refuseUnknownVersions(input: InputVersions, known: ReadonlySet<number>): void {
  const missing = input.versions.find(({ version }) => !known.has(version));
  if (missing === undefined) return;
  const name = missing.partition === "" ? input.asset.key : `${input.asset.key}@${missing.partition}`;
  throw new WatersmeetError("STORE_VERSION_UNKNOWN", `The store has no version ${missing.version} of ${name}`, {
    hint: "It was never committed here, or has been removed since.",
    details: { asset: input.asset.key, partition: missing.partition, version: missing.version },
  });
}
