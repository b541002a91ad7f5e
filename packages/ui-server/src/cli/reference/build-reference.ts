import { buildApi, describeApi } from "../../http/api.ts";
import { commandTable } from "../command-table.ts";
import { renderCliReference } from "./render-cli-reference.ts";
import { renderHttpReference } from "./render-http-reference.ts";

/** Generated files by path, relative to the repository's root. */
export async function buildReference(): Promise<ReadonlyMap<string, string>> {
  const commands = await Promise.all(commandTable.map((entry) => entry.load()));
  const document = describeApi(buildApi(() => {}));
  return new Map([
    ["packages/ui-server/openapi.json", `${JSON.stringify(document, null, 2)}\n`],
    ["docs/reference/cli.md", renderCliReference(commands.map(({ definition }) => definition))],
    ["docs/reference/http.md", renderHttpReference(document)],
  ]);
}
