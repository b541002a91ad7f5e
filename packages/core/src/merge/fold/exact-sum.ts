import { WatersmeetError } from "../../errors/watersmeet-error.ts";
import type { Column, ColumnType } from "../../schema/row-schema.ts";

/** Types that can be added up exactly, so that the order of the terms does not matter. */
export function isSummableType(type: ColumnType): boolean {
  return type.kind === "integer" || type.kind === "bigint" || type.kind === "decimal";
}

/**
 * The greatest value, without its sign, that a sum may have; for a decimal in units of its last digit. Of a bigint the least value is not used: it has no
 * counterpart of the other sign. `null`: the type cannot be added up.
 */
export function greatestSum(type: ColumnType): bigint | null {
  switch (type.kind) {
    case "integer":
      return BigInt(Number.MAX_SAFE_INTEGER);
    case "bigint":
      return 2n ** 63n - 1n;
    case "decimal":
      return 10n ** BigInt(type.precision) - 1n;
    default:
      return null;
  }
}

/**
 * The sum of values of a column, in the form of the column.
 * @throws {MERGE_SUM_OVERFLOW} when the column cannot hold it
 */
export function addExactly({ name, type }: Column, values: readonly unknown[]): unknown {
  const scale = type.kind === "decimal" ? type.scale : 0;
  const sum = values.reduce<bigint>((all, value) => all + unscaledOf(value, scale), 0n);
  const limit = greatestSum(type) ?? 0n;
  if (sum > limit || sum < -limit) {
    throw new WatersmeetError("MERGE_SUM_OVERFLOW", `the sum of "${name}" is ${renderUnscaled(sum, scale)}`, {
      hint: `The greatest that the column can hold is ${renderUnscaled(limit, scale)}. Give it a wider type, z.bigint() or a decimal of more digits, or correct what was delivered.`,
      details: { column: name },
    });
  }
  if (type.kind === "decimal") return renderUnscaled(sum, scale);
  return type.kind === "integer" ? Number(sum) : sum;
}

/** A whole number, or the text of a decimal, in units of its last digit: `12.50` of scale 2 is 1250. */
export function unscaledOf(value: unknown, scale: number): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return BigInt(value);
  const [whole = "", fraction = ""] = String(value).split(".");
  return BigInt(`${whole}${fraction.padEnd(scale, "0")}`);
}

function renderUnscaled(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
