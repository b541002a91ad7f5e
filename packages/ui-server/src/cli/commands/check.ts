import type { Problem } from "@watersmeet/core/errors";
import { z } from "zod";
import { toProblemDto } from "../../read/problem-dto.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { renderProblems } from "../render/problems.ts";
import { countOf } from "../render/quantities.ts";
import type { Style } from "../render/style.ts";

export const definition: CommandDefinition = {
  name: "check",
  summary: "Derives the asset graph from the sources and shows every problem",
  description: "Reads files only: no database is started, no function of an asset is called.",
  arguments: [],
  options: [],
  examples: ["watersmeet check", "watersmeet check --json"],
  json: "{ assetCount, problems: SourceProblem[] }",
  exitCodes: { 3: "there are problems" },
};

const input = z.strictObject({});

export interface CheckResult {
  readonly root: string;
  readonly assetCount: number;
  readonly problems: readonly Problem[];
}

export async function run(_input: z.output<typeof input>, deps: CommandDeps): Promise<CheckResult> {
  const { root, graph, problems } = await deps.loadProject();
  return { root, assetCount: graph.order.length, problems };
}

export function renderCheck({ root, assetCount, problems }: CheckResult, style: Style): string {
  if (problems.length === 0) return `${style.green("No problems")} in ${countOf(assetCount, "asset")}`;
  const count = style.red(countOf(problems.length, "problem"));
  return `${renderProblems(problems, root, style)}\n\n${count} in a project of ${countOf(assetCount, "asset")}`;
}

export const checkCommand = bindCommand({
  definition,
  input,
  run,
  render: renderCheck,
  toJson: ({ assetCount, problems }) => ({ assetCount, problems: problems.map(toProblemDto) }),
  exitCode: ({ problems }) => (problems.length === 0 ? 0 : 3),
});
