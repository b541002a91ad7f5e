import { unreachable } from "@watersmeet/core/errors";
import { canonicalJson, type ColumnType, type Row, type RowSchema } from "@watersmeet/core/schema";
import { quoteIdentifier, quoteLiteral } from "../../../src/exchange/quote.ts";
import type { MergeEngine, MergeStageHost } from "../../../src/stores/merge-seam.ts";

/** What an attempt is to stage: rows of some keys, or (`keys` is `null`) of all. */
export interface Told {
  readonly rows: readonly Row[];
  readonly keys: readonly Row[] | null;
}

/** A merge engine that stages the rows it is told to, so that the layout is tested by itself, with versions that no fold would make. */
export function createTellingEngine(
  tell: (attempt: string) => Told,
  publish: MergeEngine["publish"] = async () => {},
): MergeEngine {
  return {
    ensureTables: async () => {},
    async stage(host, { policy }) {
      const { keys, rows } = tell(host.target.attempt);
      const { schema } = host.target.asset;
      const select = renderRows(host, schema, rows);
      if (host.tip === null) await host.stageRows(select);
      else {
        const keyColumns = schema.columns.filter(({ name }) => policy.key.includes(name));
        const table = keys === null ? null : host.stagingTable("keys");
        if (keys !== null)
          await host.session.run(
            `${host.createStagingTable} ${table} as ${renderRows(host, { columns: keyColumns }, keys)}`,
          );
        await host.stageChanges({ rows: select, keys: table });
      }
      return { batches: [], fates: {} };
    },
    publish,
    discard: async () => {},
    openArchive: () => ({
      listBatches: async () => [],
      listCuts: async () => [],
      readRows: async () => [],
      readContributions: async () => [],
      readBatchRows: async () => [],
      listEpochs: async () => [],
      checkShadow: async () => ({ sampledKeys: 0, differentKeys: [] }),
    }),
  };
}

/** A SELECT of literal rows. */
function renderRows({ createStagingTable }: MergeStageHost, schema: RowSchema, rows: readonly Row[]): string {
  const isPostgres = createStagingTable.includes("unlogged");
  const cell = (type: ColumnType, value: unknown) => `${renderLiteral(type, value)}::${typeName(type, isPostgres)}`;
  const select = (row: Row) =>
    `select ${schema.columns.map(({ name, type }) => `${cell(type, row[name])} as ${quoteIdentifier(name)}`).join(", ")}`;
  return rows.length === 0 ? `${select({})} where false` : rows.map(select).join(" union all ");
}

function renderLiteral(type: ColumnType, value: unknown): string {
  if (value === null || value === undefined) return "null";
  return quoteLiteral(type.kind === "json" ? canonicalJson(value) : String(value));
}

function typeName(type: ColumnType, isPostgres: boolean): string {
  switch (type.kind) {
    case "text":
      return "varchar";
    case "integer":
    case "bigint":
      return "bigint";
    case "double":
      return "double precision";
    case "json":
      return isPostgres ? "jsonb" : "json";
    case "decimal":
    case "boolean":
    case "date":
    case "timestamp":
      throw new TypeError("The test has no such columns");
    default:
      return unreachable(type);
  }
}
