import { resolve } from "node:path";
import { z } from "zod";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { scaffoldProject, type Scaffold } from "../init/scaffold-project.ts";
import type { Style } from "../render/style.ts";

export const definition: CommandDefinition = {
  name: "init",
  summary: "Writes a small project of three assets that runs",
  description: "Overwrites nothing: when one of its files is there already, nothing is written. Asks nothing.",
  arguments: [{ name: "dir", description: "folder of the project (default: here)", isRequired: false }],
  options: [],
  examples: ["watersmeet init my-project"],
  json: "{ directory, files: string[] }",
  exitCodes: { 2: "a file that would be written is there already" },
};

const input = z.strictObject({ dir: z.string().default(".") });

export function run({ dir }: z.output<typeof input>, deps: CommandDeps): Promise<Scaffold> {
  return scaffoldProject(resolve(deps.directory, dir));
}

export function renderScaffold({ directory, files }: Scaffold, style: Style): string {
  return [
    `Wrote ${files.length} files in ${directory}`,
    ...files.map((file) => style.dim(`  ${file}`)),
    "",
    "Next:",
    `  cd ${directory}`,
    "  npm install",
    "  npx watersmeet run '*'",
    "  npx watersmeet dev",
  ].join("\n");
}

export const initCommand = bindCommand({
  definition,
  input,
  run,
  render: renderScaffold,
  toJson: (scaffold) => scaffold,
});
