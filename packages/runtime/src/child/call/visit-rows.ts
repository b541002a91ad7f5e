import { inspect } from "node:util";
import { WatersmeetError } from "@watersmeet/core/errors";

/** Rows of a plain list after which the event loop gets a turn: a long one must not keep a cancellation from being heard. */
const rowsPerTurn = 4_096;

/**
 * Visits the rows, not yet checked, that an asset's function returned: an array, an iterable, a generator, an async generator, or a
 * promise of one of these. `take` answers a promise when the next row has to wait.
 * @throws {OUTPUT_INVALID} when it is something else
 */
export async function visitRows(returned: unknown, take: (row: unknown) => Promise<void> | null): Promise<void> {
  const rows = await returned;
  if (isAsyncIterable(rows)) {
    for await (const row of rows) {
      const busy = take(row);
      if (busy !== null) await busy;
    }
  } else if (isIterable(rows)) {
    let count = 0;
    for (const row of rows) {
      const busy = take(row);
      if (busy !== null) await busy;
      count += 1;
      if (count % rowsPerTurn === 0) await new Promise(setImmediate);
    }
  } else throw notRows(rows);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return value !== null && typeof value === "object" && Symbol.asyncIterator in value;
}

/** A text can be iterated, and is never meant as rows. */
function isIterable(value: unknown): value is Iterable<unknown> {
  return value !== null && typeof value === "object" && Symbol.iterator in value;
}

function notRows(value: unknown): WatersmeetError {
  const shown = inspect(value, { depth: 0, maxStringLength: 80, breakLength: Infinity });
  return new WatersmeetError("OUTPUT_INVALID", `the function returned ${shown}, which is not rows`, {
    hint: "Return an array of rows, or write a generator: function* or async function* with yield.",
  });
}
