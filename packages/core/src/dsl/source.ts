import type { MaybePromise, RowsOut } from "./asset.ts";
import { defineAsset, invalid } from "./define.ts";
import type { Asset } from "./handles.ts";
import type { CommonOptions, LooseOptions, ResourceOption } from "./options.ts";

/** Options of {@link source}. */
export interface SourceOptions<O, I> extends CommonOptions<O, I> {
  /** Named outside systems that the rows come from: their limits, rates and breakers hold for every step of this source. */
  readonly resource: ResourceOption;
}

/**
 * An asset without upstream assets: its function extracts rows from outside, through a named resource.
 *
 *     export const airports = source({ schema: Airport, resource: "faa" }, async (ctx: Ctx) => {
 *       const response = await fetch(url, { signal: ctx.signal });
 *       return response.json();
 *     });
 *
 * @throws {DEFINITION_INVALID} when an option cannot be
 */
export function source<O, I, F extends (...inputs: never[]) => MaybePromise<RowsOut<NoInfer<I>>>>(
  options: SourceOptions<O, I>,
  fn: F,
): Asset<O, F>;
export function source(options: LooseOptions, fn: (...inputs: never[]) => unknown): unknown {
  if (options.resource === undefined || options.resource.length === 0)
    throw invalid(
      "source() needs a resource",
      'Name the outside system that the rows come from: source({ schema, resource: "crm" }, …)',
    );
  return defineAsset(options, { kind: "source", fn });
}
