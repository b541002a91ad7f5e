import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

/** Where the server is to be found. */
export function renderUrls(url: string, style: Style): string {
  const rows = [
    ["web", style.cyan(url)],
    ["api", style.cyan(`${url}/api/v1`)],
    ["openapi", style.cyan(`${url}/api/v1/openapi.json`)],
  ];
  return renderTable([{ title: "serving" }, { title: "" }], rows, style);
}
