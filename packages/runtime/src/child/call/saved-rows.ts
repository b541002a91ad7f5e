import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "@watersmeet/core/values";
import { z } from "zod";
import { syncFile, type KeptPart } from "../../exchange/open-row-writer.ts";

/**
 * What attempts of one piece of work have made so far: rows, in sealed files, and the cursor that they reach to. The folder is named after the work, code and
 * inputs included, so that whatever is found there is the beginning of exactly this. Rows and cursor are one: the list of files and the cursor are one file,
 * which is replaced as a whole.
 */
export interface SavedRows {
  readonly cursor: Json;
  readonly parts: readonly KeptPart[];
}

const listName = "saved.json";

const listSchema = z.object({
  formatVersion: z.literal(1),
  cursor: z.json(),
  parts: z.array(z.object({ file: z.string(), rowCount: z.int() })),
});

/** `null` when there is nothing, or something is missing of it: the work begins from the start. */
export async function findSavedRows(directory: string): Promise<SavedRows | null> {
  const text = await readFile(join(directory, listName), "utf8").catch(() => null);
  if (text === null) return null;
  const { cursor, parts } = listSchema.parse(JSON.parse(text));
  const found = parts.map(({ file, rowCount }) => ({ path: join(directory, file), rowCount }));
  const areThere = await Promise.all(
    found.map(({ path }) =>
      stat(path).then(
        (stats) => stats.isFile(),
        () => false,
      ),
    ),
  );
  return areThere.every(Boolean) ? { cursor, parts: found } : null;
}

/** A name in the folder that no other part has. */
export async function nameSavedPart(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  return join(directory, `rows-${randomUUID()}.parquet`);
}

export async function writeSavedRows(directory: string, { cursor, parts }: SavedRows): Promise<void> {
  const list = parts.map(({ path, rowCount }) => ({ file: path.slice(directory.length + 1), rowCount }));
  const temporary = join(directory, `${listName}.${process.pid}.tmp`);
  await writeFile(temporary, JSON.stringify({ formatVersion: 1, cursor, parts: list }));
  await syncFile(temporary);
  await rename(temporary, join(directory, listName));
}
