import { z } from "zod";
import { WatersmeetError } from "../errors/watersmeet-error.ts";

/** Longest decimal that every store computes with. */
const maxPrecision = 38;

/**
 * A column of exact decimals: `decimal(12, 2)` holds money up to 9999999999.99. In JavaScript it is text, never a number, and it reads back with
 * exactly `scale` digits after the point: `"12.5"` becomes `"12.50"`.
 * @throws {DEFINITION_INVALID} when precision is not 1 to 38 or scale not 0 to precision
 */
export function decimal(precision: number, scale: number): z.ZodCustomStringFormat<`decimal(${number},${number})`> {
  const isValid =
    Number.isInteger(precision) &&
    precision >= 1 &&
    precision <= maxPrecision &&
    Number.isInteger(scale) &&
    scale >= 0 &&
    scale <= precision;
  if (!isValid) {
    throw new WatersmeetError("DEFINITION_INVALID", `decimal(${precision}, ${scale}) is not possible`, {
      hint: `Precision is 1 to ${maxPrecision} digits in all, scale the digits after the point, at most the precision`,
    });
  }
  return z.stringFormat(`decimal(${precision},${scale})`, decimalPattern(precision, scale));
}

/** Texts of at most `precision - scale` digits before the point and `scale` after it; leading zeros and a plus sign are not written. */
function decimalPattern(precision: number, scale: number): RegExp {
  const whole = precision === scale ? "0" : `(?:0|[1-9]\\d{0,${precision - scale - 1}})`;
  const fraction = scale === 0 ? "" : `(?:\\.\\d{1,${scale}})?`;
  return new RegExp(`^-?${whole}${fraction}$`);
}

const formatPattern = /^decimal\((\d+),(\d+)\)$/;

/** The precision and scale that a zod string format made by {@link decimal} stands for; `null` for other formats. */
export function parseDecimalFormat(format: string): { readonly precision: number; readonly scale: number } | null {
  const match = formatPattern.exec(format);
  return match === null ? null : { precision: Number(match[1]), scale: Number(match[2]) };
}
