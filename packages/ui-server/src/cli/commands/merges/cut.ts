import { WatersmeetError } from "@watersmeet/core/errors";
import { z } from "zod";
import type { CutDto } from "../../../read/merges/cut-dto.ts";
import type { MergeDto } from "../../../read/merges/merge-dto.ts";
import { describeMerge, getCut } from "../../../read/merges/read-merges.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { answers, askDesk, pathOf } from "../../orders/open-desk.ts";
import { renderCut, renderMerge } from "../../render/merges/synchronization-point.ts";
import type { Style } from "../../render/style.ts";
import { parseTarget } from "../../server/target.ts";

export const definition: CommandDefinition = {
  name: "cut",
  summary: "Says what a merge joined, what it waits for, and what was left out and why",
  description:
    "A cut is the synchronization point of a merge: exactly which batches and versions one version joins. Without --version, that of now, together with what is not in it yet; " +
    "of a merge with partitions, all of them in a table unless one is named.",
  arguments: [{ name: "merge", description: "a merge's key, or merge@partition", isRequired: true }],
  options: [{ flags: "--version <n>", description: "what this version joins" }],
  examples: ["watersmeet cut airports", "watersmeet cut delays@2001-02-14 --version 2 --json"],
  json: "Merge; with --version Cut",
  exitCodes: { 2: "no such merge, partition or version" },
};

const input = z.strictObject({
  merge: z.string(),
  version: z.coerce.number().int().min(0).exactOptional(),
});

export type CutAnswer =
  | { readonly kind: "now"; readonly merge: MergeDto }
  | { readonly kind: "version"; readonly cut: CutDto };

export async function run(request: z.output<typeof input>, deps: CommandDeps): Promise<CutAnswer> {
  const { asset: merge, partition } = parseTarget(request.merge);
  const { version } = request;
  if (version !== undefined) {
    const cut = await askDesk(deps, {
      path: pathOf(["merges", merge, "cuts", String(version)], { partition }),
      loadSchema: answers.cut,
      ask: (watersmeet) => getCut(watersmeet, { merge, partition, version }),
    });
    return { kind: "version", cut };
  }
  const overview = await askDesk(deps, {
    path: pathOf(["merges", merge]),
    loadSchema: answers.merge,
    ask: (watersmeet) => describeMerge(watersmeet, merge),
  });
  return { kind: "now", merge: partition === null ? overview : narrow(overview, partition) };
}

/** @throws {NOT_FOUND} */
function narrow(merge: MergeDto, partition: string): MergeDto {
  const partitions = merge.partitions.filter((point) => point.partition === partition);
  if (partitions.length > 0) return { ...merge, partitions };
  throw new WatersmeetError("NOT_FOUND", `${merge.asset} has no version of "${partition}", and none waits`, {
    hint: `watersmeet cut ${merge.asset} lists its partitions`,
  });
}

export function renderCutAnswer(answer: CutAnswer, style: Style): string {
  return answer.kind === "now" ? renderMerge(answer.merge, style) : renderCut(answer.cut, style);
}

export const cutCommand = bindCommand({
  definition,
  input,
  run,
  render: renderCutAnswer,
  toJson: (answer) => (answer.kind === "now" ? answer.merge : answer.cut),
});
