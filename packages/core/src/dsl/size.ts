import { WatersmeetError } from "../errors/watersmeet-error.ts";

/** An amount of data: bytes, or `"512 KiB"`, `"64 MiB"`, `"2 GiB"`, with or without the space. */
export type Size = number | `${number}${"" | " "}${"B" | "KiB" | "MiB" | "GiB" | "TiB"}`;

const pattern = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|TiB)$/;
const unitBytes: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** Bytes. @throws {DEFINITION_INVALID} when it is not a positive size */
export function parseSize(size: number | string): number {
  const [, amount = "0", unit = ""] = typeof size === "string" ? (pattern.exec(size) ?? []) : [];
  const bytes = typeof size === "number" ? size : Math.round(Number(amount) * (unitBytes[unit] ?? 0));
  if (bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
  throw new WatersmeetError("DEFINITION_INVALID", `${JSON.stringify(size)} is not a size`, {
    hint: "Give a whole number of bytes, or a number and a unit: 512 KiB, 64 MiB, 2 GiB",
  });
}
