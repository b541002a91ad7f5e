import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import { expect, test } from "vitest";
import { readExchangeFile } from "../../src/exchange/read-exchange-file.ts";

const schema: RowSchema = {
  columns: [{ name: "n", type: { kind: "integer" }, isNullable: false, nullAs: "null" }],
};

async function readAll(path: string, rowCount: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const chunk of readExchangeFile({ path, format: "csv", schema, rowCount })) rows.push(...chunk);
  return rows;
}

test("a file that cannot be read to its end is an error, not a shorter file", async () => {
  const directory = await mkdtemp(join(tmpdir(), "watersmeet-missing-"));
  try {
    const path = join(directory, "numbers.csv");
    const lines = Array.from({ length: 200_000 }, (_, index) => String(index));
    await writeFile(path, `${lines.join("\n")}\n`);
    expect(await readAll(path, lines.length)).toHaveLength(lines.length);
    // DuckDB has handed out many rows by the time that it meets the last line, and its client ends the stream without a word.
    await writeFile(path, `${lines.join("\n")}\nnot a number\n`);
    await expect(readAll(path, lines.length + 1)).rejects.toThrow(/rows, but \d+ came|not a number/);
    await writeFile(path, `${lines.slice(1).join("\n")}\n`);
    await expect(readAll(path, lines.length)).rejects.toMatchObject({ code: "STORE_ROWS_MISSING" });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
