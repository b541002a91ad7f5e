import type { Json } from "@watersmeet/core/values";
import type { Style } from "./style.ts";

const maxCellLength = 60;

/** A cell of a row in one line, cut where it is long. */
export function renderCell(value: Json | undefined, style: Style): string {
  if (value === null || value === undefined) return style.dim("null");
  const plain = stripControls(typeof value === "string" ? value : JSON.stringify(value));
  return plain.length > maxCellLength ? `${plain.slice(0, maxCellLength - 1)}…` : plain;
}

/** Data must not move the cursor or colour the terminal. */
export function stripControls(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "·");
}
