import { z } from "zod";
import { checkSchemas, listEpochs } from "../../../read/merges/read-schemas.ts";
import type { EpochDto, SchemaCheckDto } from "../../../read/merges/schema-dto.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { answers, askDesk, pathOf } from "../../orders/open-desk.ts";
import { renderEpochs, renderSchemaCheck } from "../../render/merges/schemas.ts";

export const diffDefinition: CommandDefinition = {
  name: "schema diff",
  summary: "Compares a merge's schema with every form that still has batches",
  description:
    "Change by change, with the assets that read the column. A column is the same as long as its field id is, whatever its name.",
  arguments: [{ name: "merge", description: "the merge's key", isRequired: true }],
  options: [],
  examples: ["watersmeet schema diff airports"],
  json: "SchemaCheck",
  exitCodes: {},
};

export const checkDefinition: CommandDefinition = {
  name: "schema check",
  summary: "Checks that every batch that is kept can still be read, for CI",
  description:
    "Late data may be old: the present form is compared with every form that still has batches, not only with the last. " +
    "A change that is not compatible needs an upcaster that leads on from the form before. --replay reads real batches through the code as it is now, and makes the keys that they speak of anew: a change of the code explains rows that differ, a change of the form alone does not.",
  arguments: [{ name: "select", description: "which merges (default: all)", isRequired: false }],
  options: [
    { flags: "--replay <k>", description: "also read the last k batches of each form" },
    { flags: "--expect-same", description: "with --replay: rows that come out differently are a failure too" },
  ],
  examples: ["watersmeet schema check", "watersmeet schema check airports --replay 3 --json"],
  json: "SchemaCheck",
  exitCodes: {
    3: "a form cannot be read any more, a replayed row was rejected, or one that should not have changed did",
  },
};

export const historyDefinition: CommandDefinition = {
  name: "schema history",
  summary: "Shows every form that a merge's schema had",
  description: "",
  arguments: [{ name: "merge", description: "the merge's key", isRequired: true }],
  options: [],
  examples: ["watersmeet schema history airports"],
  json: "{ items: Epoch[] }",
  exitCodes: {},
};

const mergeInput = z.strictObject({ merge: z.string() });

const checkInput = z.strictObject({
  select: z.string().default("kind:merge"),
  replay: z.coerce.number().int().min(1).max(100).exactOptional(),
});

const strictInput = checkInput
  .extend({ expectSame: z.boolean().default(false) })
  .refine(({ expectSame, replay }) => !expectSame || replay !== undefined, {
    path: ["expectSame"],
    error: "needs --replay",
  });

export function runCheck({ select, replay }: z.output<typeof checkInput>, deps: CommandDeps): Promise<SchemaCheckDto> {
  return askDesk(deps, {
    path: pathOf(["schemas", "check"], { select, replay }),
    loadSchema: answers.schemaCheck,
    ask: (watersmeet) => checkSchemas(watersmeet, { select, replay: replay ?? null }),
  });
}

async function runStrictCheck(request: z.output<typeof strictInput>, deps: CommandDeps): Promise<SchemaCheckDto> {
  const check = await runCheck(request, deps);
  if (!request.expectSame) return check;
  const items = check.items.map((verdict) => ({
    ...verdict,
    isCompatible: verdict.isCompatible && verdict.differences.every(({ differentKeys }) => differentKeys === 0),
  }));
  return { isCompatible: items.every(({ isCompatible }) => isCompatible), items };
}

export async function runHistory(
  { merge }: z.output<typeof mergeInput>,
  deps: CommandDeps,
): Promise<readonly EpochDto[]> {
  const { items } = await askDesk(deps, {
    path: pathOf(["assets", merge, "schema"]),
    loadSchema: answers.epochs,
    ask: async (watersmeet) => ({ items: await listEpochs(watersmeet, merge) }),
  });
  return items;
}

export const diffSchemaCommand = bindCommand({
  definition: diffDefinition,
  input: mergeInput,
  run: ({ merge }, deps) => runCheck({ select: merge }, deps),
  render: renderSchemaCheck,
  toJson: (check) => check,
});

export const checkSchemaCommand = bindCommand({
  definition: checkDefinition,
  input: strictInput,
  run: runStrictCheck,
  render: renderSchemaCheck,
  toJson: (check) => check,
  exitCode: ({ isCompatible }) => (isCompatible ? 0 : 3),
});

export const schemaHistoryCommand = bindCommand({
  definition: historyDefinition,
  input: mergeInput,
  run: runHistory,
  render: renderEpochs,
  toJson: (epochs) => ({ items: epochs }),
});
