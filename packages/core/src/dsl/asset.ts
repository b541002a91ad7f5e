import { defineAsset } from "./define.ts";
import type { Asset } from "./handles.ts";
import type { CommonOptions, LooseOptions } from "./options.ts";
import { readSplit, type InputColumn, type SplitOption } from "./splittable.ts";

/** Rows as an asset's function may give them: in memory, or one by one. */
export type RowsOut<I> = readonly I[] | Iterable<I> | AsyncIterable<I>;
export type MaybePromise<T> = T | Promise<T>;

/** Options of {@link asset}. `P` are the parameters of its function. */
export interface AssetOptions<O, I, P extends readonly unknown[] = readonly unknown[]> extends CommonOptions<O, I> {
  /** How a partition may be made in slices at the same time: see {@link SplitOption}. @default its function sees all rows at once */
  readonly splittable?: SplitOption<InputColumn<P>>;
}

type LooseAssetOptions = LooseOptions & { readonly splittable?: SplitOption };

/**
 * An asset whose rows are made by plain TypeScript: an array, an iterable, a generator or an async generator of rows that the schema accepts.
 *
 *     export const badDays = asset({ schema: BadDay }, async function* (delays: In<typeof dailyDelays>) {
 *       for await (const row of delays) if (row.meanDelay > 60) yield { iata: row.iata, day: row.day };
 *     });
 *
 * Its inputs are its parameters' types. Nothing is registered: the export is the asset.
 * @throws {DEFINITION_INVALID} when an option cannot be
 */
// `never[]` and not `unknown[]`: with it, a parameter without a type is an error where it is used instead of a silent `any`.
export function asset<O, I, F extends (...inputs: never[]) => MaybePromise<RowsOut<NoInfer<I>>>>(
  options: AssetOptions<O, I, Parameters<NoInfer<F>>>,
  fn: F,
): Asset<O, F>;
export function asset(options: LooseAssetOptions, fn: (...inputs: never[]) => unknown): unknown {
  const splittable = options.splittable === undefined ? null : readSplit(options.splittable);
  return defineAsset(options, { kind: "asset", fn, splittable });
}
