import type { MaybePromise, RowsOut } from "../dsl/asset.ts";
import type { Asset } from "../dsl/handles.ts";
import { isDefinition } from "../dsl/is-definition.ts";
import { stableJson } from "../values/stable-json.ts";
import { fake } from "./fake.ts";
import { runAsset } from "./run-asset.ts";

/** Rows that an asset's function gives only when it sees all rows of its input at once, and only when it sees them in slices. */
export interface SplitDifference<Row> {
  readonly onlyWhole: readonly Row[];
  readonly onlySplit: readonly Row[];
}

/** Numbers of slices that are tried; the last has one for each value of the column. */
const triedParts = [2, 3, Number.POSITIVE_INFINITY];

/**
 * Whether the function of an asset that is `splittable` gives the same rows whatever the slices, on the rows of a test:
 *
 *     expect(await compareSplit(totals, [fake<typeof orders>([…])])).toEqual({ onlyWhole: [], onlySplit: [] });
 *
 * `sliced`: the handle whose rows are sliced, where the asset has several inputs. Rows are compared without their order.
 * @throws {ROW_INVALID} at the first row that the schema refuses
 */
export async function compareSplit<Row, P extends readonly unknown[]>(
  asset: Asset<Row, (...inputs: P) => MaybePromise<RowsOut<unknown>>>,
  inputs: P,
  sliced?: unknown,
): Promise<SplitDifference<Row>>;
export async function compareSplit(
  asset: Asset<unknown, (...inputs: readonly unknown[]) => MaybePromise<RowsOut<unknown>>>,
  inputs: readonly unknown[],
  sliced: unknown = listHandles(inputs)[0],
): Promise<SplitDifference<unknown>> {
  const column = findColumn(asset);
  if (!isHandle(sliced)) throw new TypeError("there is no input whose rows could be sliced: make it with fake()");
  const groups = groupRows(await sliced.all(), column);
  const whole = await runAsset(asset, inputs);
  for (const parts of triedParts) {
    const split: unknown[] = [];
    for (const rows of deal(groups, Math.min(parts, groups.length)))
      split.push(...(await runAsset(asset, replace(inputs, sliced, fake(rows)))));
    const difference = { onlyWhole: subtract(whole, split), onlySplit: subtract(split, whole) };
    if (difference.onlyWhole.length + difference.onlySplit.length > 0) return difference;
  }
  return { onlyWhole: [], onlySplit: [] };
}

function findColumn(asset: unknown): string {
  if (isDefinition(asset) && asset.splittable !== null) return asset.splittable.by;
  throw new TypeError("the asset is not declared splittable");
}

interface Handle {
  all(): Promise<readonly unknown[]>;
}

function isHandle(value: unknown): value is Handle {
  return typeof value === "object" && value !== null && "all" in value && Symbol.asyncIterator in value;
}

/** Among the parameters and their members. */
function listHandles(inputs: readonly unknown[]): readonly unknown[] {
  return inputs.flatMap((input) => {
    if (isHandle(input)) return [input];
    return typeof input === "object" && input !== null ? Object.values(input).filter(isHandle) : [];
  });
}

function groupRows(rows: readonly unknown[], by: string): readonly (readonly unknown[])[] {
  const valueOf = (row: unknown): unknown => (typeof row === "object" && row !== null ? Reflect.get(row, by) : null);
  return [...Map.groupBy(rows, (row) => renderValue(valueOf(row) ?? null)).values()];
}

/** Without rows there is no slice, as when a partition is made. */
function deal(groups: readonly (readonly unknown[])[], parts: number): readonly (readonly unknown[])[] {
  return Array.from({ length: parts }, (_, part) => groups.filter((_group, index) => index % parts === part).flat());
}

function replace(inputs: readonly unknown[], handle: unknown, by: unknown): readonly unknown[] {
  return inputs.map((input) => {
    if (input === handle) return by;
    if (isHandle(input) || typeof input !== "object" || input === null || !Object.values(input).includes(handle))
      return input;
    return Object.fromEntries(Object.entries(input).map(([name, member]) => [name, member === handle ? by : member]));
  });
}

/** The rows of the one that are not among those of the other, each as often as it is missing. */
function subtract(rows: readonly unknown[], others: readonly unknown[]): readonly unknown[] {
  const counts = new Map<string, number>();
  for (const text of others.map(renderValue)) counts.set(text, (counts.get(text) ?? 0) + 1);
  return rows.filter((row) => {
    const text = renderValue(row);
    const left = counts.get(text) ?? 0;
    counts.set(text, left - 1);
    return left <= 0;
  });
}

/** Equal values have one text, wide integers included. */
function renderValue(value: unknown): string {
  const plain = JSON.stringify(value, (_name, member: unknown) => (typeof member === "bigint" ? `${member}n` : member));
  const parsed: unknown = JSON.parse(plain);
  return stableJson(parsed);
}
