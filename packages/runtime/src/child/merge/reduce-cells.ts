import type { Definition } from "@watersmeet/core";
import { WatersmeetError } from "@watersmeet/core/errors";
import { buildCellParser, type Row } from "@watersmeet/core/schema";
import { openRowWriter } from "../../exchange/open-row-writer.ts";
import { readExchangeFile } from "../../exchange/read-exchange-file.ts";
import type { ChildResult, ChildWork } from "../protocol.ts";

/** What has been joined so far of one key. */
interface Group {
  readonly group: unknown;
  readonly value: unknown;
}

type ReduceWork = Extract<ChildWork, { readonly kind: "reduce" }>;

/** Joins the candidates of each key with the author's function, as they stream by. */
export async function reduceCells(work: ReduceWork, definition: Definition, signal: AbortSignal): Promise<ChildResult> {
  const reduce = bindReducer(work, definition);
  const writer = await openRowWriter({ path: work.output.path, schema: work.file.schema });
  let open: Group | null = null;
  try {
    for await (const rows of readExchangeFile(work.file, { signal })) {
      const closed: Row[] = [];
      for (const row of rows) {
        const { _group: group, value } = row;
        if (open !== null && open.group === group) open = { group, value: reduce(open.value, value) };
        else {
          if (open !== null) closed.push(toRow(open));
          open = { group, value };
        }
      }
      await writer.write(closed);
    }
    if (open !== null) await writer.write([toRow(open)]);
    return { kind: "file", file: await writer.seal() };
  } finally {
    await writer.abandon();
  }
}

function toRow({ group, value }: Group): Row {
  return { _group: group, value };
}

/** @throws {OUTPUT_INVALID} by the function, when the author's gives what the column cannot hold */
function bindReducer(
  { asset, column, schema }: ReduceWork,
  { reducers, schema: zod }: Definition,
): (a: unknown, b: unknown) => unknown {
  const reducer = Object.hasOwn(reducers, column) ? reducers[column] : undefined;
  if (reducer === undefined)
    throw new WatersmeetError("INTERNAL", `merge "${asset.key}" has no function for "${column}"`);
  const parse = buildCellParser(zod, schema);
  return (a, b) => {
    const made: unknown = Reflect.apply(reducer, undefined, [a, b]);
    const { value, problem } = parse(column, made);
    if (problem === null && value !== null) return value;
    throw new WatersmeetError(
      "OUTPUT_INVALID",
      `the function of the column "${column}" gave a value that the column cannot hold: ${problem ?? "is null"}`,
      { hint: "It joins two values of the column, neither of them null, to a third one." },
    );
  };
}
