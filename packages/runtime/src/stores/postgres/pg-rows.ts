import { unreachable } from "@watersmeet/core/errors";
import type { Column, ColumnType, Row, RowSchema } from "@watersmeet/core/schema";
import type pg from "pg";
import { renderDate, renderTimestamp } from "../../exchange/civil-time.ts";
import { quoteIdentifier } from "../../exchange/quote.ts";

/** Rows of one round trip. */
const fetchRows = 2048;

/** A SELECT of a relation's columns in the form that `decodeRows` reads: dates as days and timestamps as microseconds since 1970. */
export function renderTextForm(schema: RowSchema, select: string): string {
  const columns = schema.columns.map(({ name, type }) => {
    const quoted = `q.${quoteIdentifier(name)}`;
    if (type.kind === "date") return `(${quoted} - date '1970-01-01')`;
    return type.kind === "timestamp" ? `(extract(epoch from ${quoted}) * 1000000)::bigint` : quoted;
  });
  return `select ${columns.join(", ")} from (${select}) as q`;
}

/** Streams a SELECT through a cursor, so that the server is never further ahead than one round trip. To be run in a transaction. */
export async function* streamRows(
  client: pg.ClientBase,
  select: string,
  schema: RowSchema,
): AsyncGenerator<readonly Row[], void, void> {
  const decode = compileRowDecoder(schema);
  await client.query(`declare watersmeet_rows no scroll cursor for ${renderTextForm(schema, select)}`);
  for (;;) {
    const { rows } = await client.query<(string | null)[]>({
      text: `fetch forward ${fetchRows} from watersmeet_rows`,
      rowMode: "array",
    });
    if (rows.length > 0) yield rows.map(decode);
    if (rows.length < fetchRows) break;
  }
  await client.query("close watersmeet_rows");
}

/** The rows of a small result. */
export async function listRows(client: pg.ClientBase, select: string, schema: RowSchema): Promise<readonly Row[]> {
  const { rows } = await client.query<(string | null)[]>({ text: renderTextForm(schema, select), rowMode: "array" });
  return rows.map(compileRowDecoder(schema));
}

function compileRowDecoder(schema: RowSchema): (values: readonly (string | null)[]) => Row {
  const columns = schema.columns.map((column, index) => ({ index, column, decode: compileDecoder(column.type) }));
  return (values) => {
    const row: Record<string, unknown> = {};
    for (const { index, column, decode } of columns) {
      const text = values[index];
      if (text !== null && text !== undefined) set(row, column, decode(text));
      else if (column.nullAs === "null") set(row, column, null);
    }
    return row;
  };
}

function set(row: Record<string, unknown>, { name }: Column, value: unknown): void {
  if (name === "__proto__")
    Object.defineProperty(row, name, { value, writable: true, enumerable: true, configurable: true });
  else row[name] = value;
}

function compileDecoder(type: ColumnType): (text: string) => unknown {
  switch (type.kind) {
    case "text":
    case "decimal":
      return (text) => text;
    case "integer":
    case "double":
      return Number;
    case "bigint":
      return BigInt;
    case "boolean":
      return (text) => text === "true";
    case "date":
      return (text) => renderDate(Number(text));
    case "timestamp":
      return (text) => {
        const micros = BigInt(text);
        const ofDay = ((micros % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n;
        return renderTimestamp(Number((micros - ofDay) / 86_400_000_000n), Number(ofDay));
      };
    case "json":
      return (text): unknown => JSON.parse(text);
    default:
      return unreachable(type);
  }
}
