import { WatersmeetError } from "@watersmeet/core/errors";
import type { Row } from "@watersmeet/core/schema";
import { readExchangeFile } from "../../exchange/read-exchange-file.ts";
import type { ExchangeFile } from "../../stores/port/staging.ts";

/** A handle of an asset in TypeScript: the rows of an input, at the versions that the step pinned. It can be read any number of times. */
export class InputRows {
  readonly #name: string;
  readonly #file: ExchangeFile | null;
  readonly #signal: AbortSignal;

  constructor(name: string, file: ExchangeFile | null, signal: AbortSignal) {
    this.#name = name;
    this.#file = file;
    this.#signal = signal;
  }

  async all(): Promise<Row[]> {
    const collected: Row[] = [];
    for await (const row of this) collected.push(row);
    return collected;
  }

  async first(): Promise<Row | undefined> {
    for await (const row of this) return row;
    return undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, void> {
    if (this.#file === null) return;
    for await (const rows of readExchangeFile(this.#file, { signal: this.#signal })) yield* rows;
  }

  as(): never {
    throw new WatersmeetError(
      "OUTPUT_INVALID",
      `input "${this.#name}" cannot be used as a table in an asset or source`,
      {
        hint: `Read its rows, for await (const row of ${this.#name}), or make this a query.`,
      },
    );
  }
}
