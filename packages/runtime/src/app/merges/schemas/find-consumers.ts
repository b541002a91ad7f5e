import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compareStrings, type AssetKey } from "@watersmeet/core/values";
import type { DeskMerge } from "../merge-subject.ts";

/** An asset that reads a merge, and the first place where its declaration names a column. */
export interface ColumnConsumer {
  readonly asset: AssetKey;
  /** `assets/delays.ts:12`, relative to the project; `null`: it takes whole rows, so that it may read the column without naming it. */
  readonly namedAt: string | null;
}

export type FindConsumers = (names: readonly string[]) => readonly ColumnConsumer[];

/** Who reads a column of a merge, by any of its names. Those that name it come first. */
export async function createConsumerSearch({ project, key }: DeskMerge): Promise<FindConsumers> {
  const readers = new Set((project.graph.downstream.get(key) ?? []).map((edge) => edge.to));
  const declarations = await Promise.all([...readers].sort(compareStrings).map((asset) => readLines(project, asset)));
  return (names) => {
    const found = declarations.map(({ asset, lines }): ColumnConsumer => {
      const line = lines.find(({ text }) => names.some((name) => namesColumn(text, name)));
      return { asset, namedAt: line?.place ?? null };
    });
    return [...found.filter(({ namedAt }) => namedAt !== null), ...found.filter(({ namedAt }) => namedAt === null)];
  };
}

interface DeclarationLines {
  readonly asset: AssetKey;
  readonly lines: readonly { readonly place: string; readonly text: string }[];
}

/** From the declaration's first line to where the next asset of the file begins. */
async function readLines({ root, graph }: DeskMerge["project"], asset: AssetKey): Promise<DeclarationLines> {
  const own = graph.assets.get(asset)?.location;
  if (own === undefined) return { asset, lines: [] };
  const starts = [...graph.assets.values()].map(({ location }) => location);
  const next = Math.min(...starts.flatMap(({ file, line }) => (file === own.file && line > own.line ? [line] : [])));
  const text = await readFile(join(root, own.file), "utf8");
  const lines = text.split("\n").slice(own.line - 1, next - 1);
  return { asset, lines: lines.map((line, index) => ({ place: `${own.file}:${own.line + index}`, text: line })) };
}

/** As a whole word: `delay` is not named by `delayMinutes`. */
function namesColumn(text: string, name: string): boolean {
  return text.split(/[^\p{L}\p{N}_$]+/u).includes(name);
}
