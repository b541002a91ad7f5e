import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { canonicalJson, type Row, type RowSchema } from "@watersmeet/core/schema";
import { sizeOfRow } from "../../exchange/message-rows.ts";
import { openRowWriter, type KeptPart, type RowWriter } from "../../exchange/open-row-writer.ts";
import type { ExchangeFile } from "../../stores/port/staging.ts";

/** Where the rows of an attempt are when all of them have come. */
export type SealedRows =
  | { readonly kind: "rows"; readonly file: ExchangeFile }
  | { readonly kind: "messageRows"; readonly rows: readonly Row[] };

/** Rows on their way to the worker: in a message while they are few, in a sealed file from the moment that they are more, or are to be kept. */
export interface RowOutput {
  /** @throws {STORE_VALUE_INVALID} naming row, column and value */
  write(rows: readonly Row[]): Promise<void>;
  /** As `RowWriter.keep`. */
  keep(path: string): Promise<readonly KeptPart[]>;
  seal(): Promise<SealedRows>;
  /** Leaves nothing behind. Harmless after `seal`. */
  abandon(): Promise<void>;
}

export function openRowOutput(options: {
  readonly path: string;
  readonly schema: RowSchema;
  /** Rows that take no more than so many bytes go in a message. 0: none do. */
  readonly messageBytes: number;
  /** Rows that come first, from `keep` of an earlier attempt. */
  readonly kept: readonly KeptPart[];
}): RowOutput {
  const { path, schema, kept } = options;
  const held: Row[] = [];
  let heldBytes = 0;
  let writer: RowWriter | null = null;

  /** From now on rows go to the file. */
  const useFile = async (): Promise<RowWriter> => {
    if (writer !== null) return writer;
    await mkdir(dirname(path), { recursive: true });
    writer = await openRowWriter({ path, schema, kept });
    await writer.write(held.splice(0));
    return writer;
  };
  const mayHold = (): boolean =>
    writer === null && kept.length === 0 && schema.columns.length > 0 && heldBytes <= options.messageBytes;

  return {
    async write(rows) {
      if (mayHold()) for (const row of rows) heldBytes += sizeOfRow(row);
      if (mayHold()) for (const row of rows) held.push(row);
      else await (await useFile()).write(rows);
    },
    keep: async (to) => (await useFile()).keep(to),
    async seal() {
      if (options.messageBytes > 0 && mayHold()) return { kind: "messageRows", rows: copyJson(schema, held) };
      return { kind: "rows", file: await (await useFile()).seal() };
    },
    async abandon() {
      await writer?.abandon();
    },
  };
}

/** JSON as plain data: what the author's function gave may be a proxy, which no message carries. */
function copyJson({ columns }: RowSchema, rows: readonly Row[]): readonly Row[] {
  const names = columns.filter(({ type }) => type.kind === "json").map(({ name }) => name);
  if (names.length === 0) return rows;
  return rows.map((row) => {
    const given = names.filter((name) => row[name] !== null && row[name] !== undefined);
    return { ...row, ...Object.fromEntries(given.map((name) => [name, JSON.parse(canonicalJson(row[name]))])) };
  });
}
