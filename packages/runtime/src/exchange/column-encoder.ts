import bindings from "@duckdb/node-bindings";
import { WatersmeetError, unreachable } from "@watersmeet/core/errors";
import { canonicalJson, type Column, type ColumnType, type Row } from "@watersmeet/core/schema";
import { parseDate, parseTimestamp } from "./civil-time.ts";

/** Rows of one data chunk: what DuckDB calls the standard vector size. */
export const chunkRows = 2048;

const twoTo32 = 4_294_967_296;

/** Writes one column of up to 2,048 rows into a vector of a data chunk. */
export interface ColumnEncoder {
  /** @returns a rough count of the bytes of the values @throws {STORE_VALUE_INVALID} */
  encode(rows: readonly Row[], vector: bindings.Vector, firstOrdinal: number): number;
}

export function compileEncoder(column: Column): ColumnEncoder {
  const validity = new Uint8Array(chunkRows / 8);
  const writer = compileValueWriter(column.type);
  // A row of user code may lack a column called `constructor` or `__proto__`, though every object answers to it.
  const isInherited = column.name in Object.prototype;
  return {
    encode(rows, vector, firstOrdinal) {
      let sizeBytes = 0;
      let hasNulls = false;
      validity.fill(255);
      for (let index = 0; index < rows.length; index += 1) {
        const row = rows[index];
        const value =
          row === undefined || (isInherited && !Object.hasOwn(row, column.name)) ? undefined : row[column.name];
        if (value === null || value === undefined) {
          hasNulls = true;
          validity[index >> 3] = (validity[index >> 3] ?? 0) & ~(1 << (index & 7));
          continue;
        }
        const written = writer.write(value, index, vector);
        if (written < 0) throw invalidValue(column, value, firstOrdinal + index);
        sizeBytes += written;
      }
      writer.finish(vector, rows.length);
      if (hasNulls) {
        bindings.vector_ensure_validity_writable(vector);
        bindings.copy_data_to_vector_validity(vector, 0, validity.buffer, 0, Math.ceil(rows.length / 64) * 8);
      }
      return sizeBytes;
    },
  };
}

/** `write` answers the value's size in bytes, or -1 when the value does not fit the type. */
interface ValueWriter {
  write(value: unknown, index: number, vector: bindings.Vector): number;
  finish(vector: bindings.Vector, count: number): void;
}

function compileValueWriter(type: ColumnType): ValueWriter {
  switch (type.kind) {
    case "text":
      return textWriter((value) => (typeof value === "string" && value.isWellFormed() ? value : undefined));
    case "json":
      return textWriter(encodeJson);
    case "integer":
      return integerWriter();
    case "bigint":
      return bigintWriter();
    case "double":
      return doubleWriter();
    case "boolean":
      return booleanWriter();
    case "date":
      return dateWriter();
    case "timestamp":
      return timestampWriter();
    case "decimal":
      return decimalWriter(type.precision, type.scale);
    default:
      return unreachable(type);
  }
}

function textWriter(encode: (value: unknown) => string | undefined): ValueWriter {
  return {
    write(value, index, vector) {
      const text = encode(value);
      if (text === undefined) return -1;
      // The plain form ends a text at its first NUL.
      if (text.includes("\0")) bindings.vector_assign_string_element_len(vector, index, Buffer.from(text));
      else bindings.vector_assign_string_element(vector, index, text);
      return text.length + 16;
    },
    finish() {},
  };
}

function encodeJson(value: unknown): string | undefined {
  try {
    return canonicalJson(value);
  } catch {
    return undefined;
  }
}

function integerWriter(): ValueWriter {
  const halves = new Int32Array(chunkRows * 2);
  return {
    write(value, index) {
      if (typeof value !== "number" || !Number.isSafeInteger(value)) return -1;
      writeSafeInteger(halves, index, value);
      return 8;
    },
    finish: (vector, count) => copy(vector, halves, count * 8),
  };
}

function bigintWriter(): ValueWriter {
  const items = new BigInt64Array(chunkRows);
  return {
    write(value, index) {
      if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) return -1;
      items[index] = value;
      return 8;
    },
    finish: (vector, count) => copy(vector, items, count * 8),
  };
}

function doubleWriter(): ValueWriter {
  const items = new Float64Array(chunkRows);
  return {
    write(value, index) {
      if (typeof value !== "number") return -1;
      // Adding zero turns -0 into 0: they are equal, yet their bytes are not.
      items[index] = value + 0;
      return 8;
    },
    finish: (vector, count) => copy(vector, items, count * 8),
  };
}

function booleanWriter(): ValueWriter {
  const items = new Uint8Array(chunkRows);
  return {
    write(value, index) {
      if (typeof value !== "boolean") return -1;
      items[index] = value ? 1 : 0;
      return 1;
    },
    finish: (vector, count) => copy(vector, items, count),
  };
}

/** DuckDB's last representable days; the two beyond stand for the infinities. */
const maxDays = 2_147_483_646;

function dateWriter(): ValueWriter {
  const items = new Int32Array(chunkRows);
  return {
    write(value, index) {
      const days = typeof value === "string" ? parseDate(value) : undefined;
      if (days === undefined || Math.abs(days) > maxDays) return -1;
      items[index] = days;
      return 4;
    },
    finish: (vector, count) => copy(vector, items, count * 4),
  };
}

function timestampWriter(): ValueWriter {
  const items = new BigInt64Array(chunkRows);
  const halves = new Int32Array(items.buffer);
  return {
    write(value, index) {
      const instant = typeof value === "string" ? parseTimestamp(value) : undefined;
      if (instant === undefined) return -1;
      const micros = instant.days * 86_400_000_000 + instant.microsOfDay;
      if (Number.isSafeInteger(micros)) writeSafeInteger(halves, index, micros);
      else {
        const exact = BigInt(instant.days) * 86_400_000_000n + BigInt(instant.microsOfDay);
        if (exact >= 9_223_372_036_854_775_807n || exact <= -9_223_372_022_400_000_000n - 1n) return -1;
        items[index] = exact;
      }
      return 8;
    },
    finish: (vector, count) => copy(vector, items, count * 8),
  };
}

function decimalWriter(precision: number, scale: number): ValueWriter {
  const widthBytes = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16;
  const view = new DataView(new ArrayBuffer(chunkRows * widthBytes));
  const limit = 10n ** BigInt(precision);
  return {
    write(value, index) {
      const scaled = typeof value === "string" ? parseDecimal(value, scale) : undefined;
      if (scaled === undefined || scaled >= limit || scaled <= -limit) return -1;
      const offset = index * widthBytes;
      if (widthBytes === 2) view.setInt16(offset, Number(scaled), true);
      else if (widthBytes === 4) view.setInt32(offset, Number(scaled), true);
      else {
        view.setBigInt64(offset, BigInt.asIntN(64, scaled), true);
        if (widthBytes === 16) view.setBigInt64(offset + 8, scaled >> 64n, true);
      }
      return widthBytes;
    },
    finish: (vector, count) => copy(vector, view, count * widthBytes),
  };
}

const decimalPattern = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/** The text's value times 10^scale; `undefined` when it is no plain decimal or has digits beyond the scale. */
export function parseDecimal(text: string, scale: number): bigint | undefined {
  const match = decimalPattern.exec(text);
  if (match === null) return undefined;
  const fraction = match[3] ?? "";
  if (/[^0]/.test(fraction.slice(scale))) return undefined;
  const scaled = BigInt(`${match[2]}${fraction.slice(0, scale).padEnd(scale, "0")}`);
  return match[1] === "-" ? -scaled : scaled;
}

/** Two 32-bit halves, little end first, of an integer below 2^53: a BigInt per value would cost more than everything else. */
function writeSafeInteger(halves: Int32Array, index: number, value: number): void {
  const high = Math.floor(value / twoTo32);
  halves[index * 2] = value - high * twoTo32;
  halves[index * 2 + 1] = high;
}

function copy(vector: bindings.Vector, source: ArrayBufferView<ArrayBuffer>, sizeBytes: number): void {
  bindings.copy_data_to_vector(vector, 0, source.buffer, source.byteOffset, sizeBytes);
}

function invalidValue(column: Column, value: unknown, ordinal: number): WatersmeetError {
  const shown = describeValue(value);
  return new WatersmeetError(
    "STORE_VALUE_INVALID",
    `Row ${ordinal + 1}: column "${column.name}" cannot hold ${shown} as ${describeType(column.type)}`,
    {
      hint: hintFor(column.type),
      details: { column: column.name, row: ordinal + 1, value: shown, type: column.type.kind },
    },
  );
}

function describeValue(value: unknown): string {
  if (typeof value === "bigint") return `the big integer ${value}`;
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === "number" || typeof value === "boolean") return `the ${typeof value} ${value}`;
  return value instanceof Date ? "a Date" : `a value of type ${typeof value}`;
}

function describeType(type: ColumnType): string {
  return type.kind === "decimal" ? `decimal(${type.precision},${type.scale})` : type.kind;
}

function hintFor(type: ColumnType): string {
  const forms: Readonly<Record<ColumnType["kind"], string>> = {
    text: "Give a string without lone surrogates.",
    integer: "Give a number that is a safe integer; for wider values declare the column with z.bigint().",
    bigint: "Give a bigint within 64 bits.",
    double: "Give a number.",
    decimal: 'Give a string such as "12.50" within the declared precision and scale.',
    boolean: "Give true or false.",
    date: 'Give a string such as "2001-01-31".',
    timestamp: 'Give a string in UTC such as "2001-01-31T05:00:00.123456Z", at most microseconds.',
    json: "Give a value that JSON can carry.",
  };
  return forms[type.kind];
}
