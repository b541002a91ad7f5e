import type { DuckDBDataChunk } from "@duckdb/node-api";
import bindings from "@duckdb/node-bindings";
import { unreachable } from "@watersmeet/core/errors";
import type { Column, ColumnType, Row, RowSchema } from "@watersmeet/core/schema";
import { renderDate, renderTimestamp } from "./civil-time.ts";

const twoTo32 = 4_294_967_296;
const microsPerDay = 86_400_000_000;

/** Turns data chunks, whose columns are those of the schema in order, into rows in their JavaScript form. */
export function compileRowReader(schema: RowSchema): (chunk: DuckDBDataChunk) => Row[] {
  const columns = schema.columns.map((column) => ({
    column,
    decode: compileDecoder(column.type),
    set: compileSetter(column),
  }));
  return (chunk) => {
    const count = chunk.rowCount;
    const rows: Record<string, unknown>[] = Array.from({ length: count }, () => ({}));
    columns.forEach(({ column, decode, set }, position) => {
      const vector = bindings.data_chunk_get_vector(chunk.chunk, position);
      const isValid = readValidity(vector, count);
      const valueAt = decode(vector, count);
      const nullValue = column.nullAs === "null" ? null : undefined;
      for (let index = 0; index < count; index += 1) {
        const row = rows[index];
        if (row === undefined) continue;
        if (isValid(index)) set(row, valueAt(index));
        else if (nullValue === null) set(row, null);
      }
    });
    return rows;
  };
}

function compileSetter({ name }: Column): (row: Record<string, unknown>, value: unknown) => void {
  if (name !== "__proto__") return (row, value) => void (row[name] = value);
  return (row, value) =>
    Object.defineProperty(row, name, { value, writable: true, enumerable: true, configurable: true });
}

function readValidity(vector: bindings.Vector, count: number): (index: number) => boolean {
  // The bindings answer null when every row is valid, whatever their typings say.
  const bits: Uint8Array | null = bindings.vector_get_validity(vector, Math.ceil(count / 64) * 8);
  if (bits === null) return () => true;
  return (index) => ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
}

type Decoder = (vector: bindings.Vector, count: number) => (index: number) => unknown;

function compileDecoder(type: ColumnType): Decoder {
  switch (type.kind) {
    case "text":
      return (vector, count) => readTexts(vector, count);
    case "json":
      return (vector, count) => {
        const textAt = readTexts(vector, count);
        return (index): unknown => JSON.parse(textAt(index));
      };
    case "integer":
      return (vector, count) => readSafeIntegers(dataOf(vector, count * 8));
    case "bigint":
      return (vector, count) => {
        const view = dataOf(vector, count * 8);
        return (index) => view.getBigInt64(index * 8, true);
      };
    case "double":
      return (vector, count) => {
        const view = dataOf(vector, count * 8);
        return (index) => view.getFloat64(index * 8, true) + 0;
      };
    case "boolean":
      return (vector, count) => {
        const view = dataOf(vector, count);
        return (index) => view.getUint8(index) !== 0;
      };
    case "date":
      return (vector, count) => {
        const view = dataOf(vector, count * 4);
        const textOf = rememberLast(renderDate);
        return (index) => textOf(view.getInt32(index * 4, true));
      };
    case "timestamp":
      return (vector, count) => readTimestamps(dataOf(vector, count * 8));
    case "decimal":
      return (vector, count) => readDecimals(vector, count, type);
    default:
      return unreachable(type);
  }
}

function dataOf(vector: bindings.Vector, sizeBytes: number): DataView {
  const bytes = bindings.vector_get_data(vector, sizeBytes);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readSafeIntegers(view: DataView): (index: number) => number {
  return (index) => view.getInt32(index * 8 + 4, true) * twoTo32 + view.getUint32(index * 8, true);
}

function readTimestamps(view: DataView): (index: number) => string {
  return (index) => {
    const micros = view.getInt32(index * 8 + 4, true) * twoTo32 + view.getUint32(index * 8, true);
    if (Number.isSafeInteger(micros)) {
      const days = Math.floor(micros / microsPerDay);
      return renderTimestamp(days, micros - days * microsPerDay);
    }
    const exact = view.getBigInt64(index * 8, true);
    const ofDay = ((exact % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n;
    return renderTimestamp(Number((exact - ofDay) / 86_400_000_000n), Number(ofDay));
  };
}

function rememberLast(render: (value: number) => string): (value: number) => string {
  let last = Number.NaN;
  let text = "";
  return (value) => {
    if (value !== last) {
      last = value;
      text = render(value);
    }
    return text;
  };
}

/** Short texts remembered in one pass over a vector: columns with few different values are made of them. */
const rememberedTexts = 256;

/** A DuckDB string is 16 bytes: a length, then up to 12 bytes of the text itself, or 4 bytes of it and a pointer. */
function readTexts(vector: bindings.Vector, count: number): (index: number) => string {
  const bytes = bindings.vector_get_data(vector, count * 16);
  const memory = bytes.buffer;
  if (!(memory instanceof ArrayBuffer)) throw new TypeError("DuckDB's vectors are in plain memory");
  const buffer = Buffer.from(memory, bytes.byteOffset, bytes.byteLength);
  const words = new Int32Array(memory, bytes.byteOffset, count * 4);
  const known = new Int32Array(rememberedTexts * 4).fill(-1);
  const texts: string[] = Array.from({ length: rememberedTexts }, () => "");
  return (index) => {
    const at = index * 4;
    const [length = 0, first = 0, second = 0, third = 0] = [words[at], words[at + 1], words[at + 2], words[at + 3]];
    const start = index * 16 + 4;
    if (length > 12) {
      const longer = bindings.get_data_from_pointer(memory, buffer.byteOffset + start + 4, length);
      return Buffer.from(longer.buffer, longer.byteOffset, length).toString("utf8");
    }
    const slot =
      (length ^ first ^ Math.imul(second, 31) ^ Math.imul(third, 17) ^ (first >>> 16) ^ (second >>> 16)) &
      (rememberedTexts - 1);
    const cell = slot * 4;
    if (
      known[cell] === length &&
      known[cell + 1] === first &&
      known[cell + 2] === second &&
      known[cell + 3] === third
    ) {
      return texts[slot] ?? "";
    }
    const text = buffer.toString("utf8", start, start + length);
    known.set([length, first, second, third], cell);
    texts[slot] = text;
    return text;
  };
}

function readDecimals(
  vector: bindings.Vector,
  count: number,
  { precision, scale }: Extract<ColumnType, { readonly kind: "decimal" }>,
): (index: number) => string {
  const widthBytes = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16;
  const view = dataOf(vector, count * widthBytes);
  return (index) => {
    const offset = index * widthBytes;
    if (widthBytes === 2) return renderDecimal(String(view.getInt16(offset, true)), scale);
    if (widthBytes === 4) return renderDecimal(String(view.getInt32(offset, true)), scale);
    if (widthBytes === 8) return renderDecimal(String(view.getBigInt64(offset, true)), scale);
    return renderDecimal(String((view.getBigInt64(offset + 8, true) << 64n) + view.getBigUint64(offset, true)), scale);
  };
}

/** `-12.50` from the integer text `-1250` and the scale 2. */
function renderDecimal(scaled: string, scale: number): string {
  if (scale === 0) return scaled;
  const sign = scaled.startsWith("-") ? "-" : "";
  const digits = scaled.slice(sign.length).padStart(scale + 1, "0");
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
