import { WatersmeetError } from "@watersmeet/core/errors";
import { z } from "zod";
import type { ExplanationDto } from "../../../read/merges/explanation-dto.ts";
import { explainKey } from "../../../read/merges/read-merges.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { answers, askDesk, pathOf } from "../../orders/open-desk.ts";
import { renderExplanation } from "../../render/merges/explanation.ts";
import { parseTarget } from "../../server/target.ts";

export const definition: CommandDefinition = {
  name: "explain",
  summary: "Says why a row of a merge is as it is",
  description:
    "Of each cell the contribution that won it and those that would come next, with the tokens that decide; then tombstones, and what was held, revoked, rejected or delivered twice. " +
    "Each with its batch, and each batch with the step, run and code that made it.",
  arguments: [{ name: "merge", description: "a merge's key, or merge@partition", isRequired: true }],
  options: [
    {
      flags: "-k, --key <column=value>",
      description: "the row's key, once for each key column (required)",
      isRepeatable: true,
    },
    { flags: "--column <name>", description: "only this column's cell" },
    { flags: "--at <version>", description: "as of this version (default: what readers see)" },
  ],
  examples: [
    "watersmeet explain airports --key iata=JFK",
    "watersmeet explain airports --key iata=JFK --column name --at 3 --json",
  ],
  json: "Explanation",
  exitCodes: { 2: "nothing was ever said of the key, or it is not the merge's" },
};

const input = z.strictObject({
  merge: z.string(),
  key: z.array(z.string()).default([]),
  column: z.string().exactOptional(),
  at: z.coerce.number().int().min(0).exactOptional(),
});

export function run(
  { merge: target, column, at, ...rest }: z.output<typeof input>,
  deps: CommandDeps,
): Promise<ExplanationDto> {
  const { asset: merge, partition } = parseTarget(target);
  const key = parseKey(rest.key);
  const cells = Object.fromEntries(Object.entries(key).map(([name, value]) => [`key.${name}`, value]));
  return askDesk(deps, {
    path: pathOf(["merges", merge, "explain"], { ...cells, partition, column, at }),
    loadSchema: answers.explanation,
    ask: (watersmeet) => explainKey(watersmeet, { merge, partition, key, column: column ?? null, version: at ?? null }),
  });
}

/** @throws {USAGE_INVALID} */
function parseKey(cells: readonly string[]): Readonly<Record<string, string>> {
  const pairs = cells.map((cell): readonly [string, string] => {
    const equals = cell.indexOf("=");
    if (equals > 0) return [cell.slice(0, equals), cell.slice(equals + 1)];
    throw new WatersmeetError("USAGE_INVALID", `"${cell}" names no cell of a key`, { hint: "Write --key iata=JFK" });
  });
  if (pairs.length > 0) return Object.fromEntries(pairs);
  throw new WatersmeetError("USAGE_INVALID", "No key is given", {
    hint: "Write --key iata=JFK, once for each key column",
  });
}

export const explainCommand = bindCommand({
  definition,
  input,
  run,
  render: renderExplanation,
  toJson: (explanation) => explanation,
});
