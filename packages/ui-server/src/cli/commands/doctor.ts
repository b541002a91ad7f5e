import { z } from "zod";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { examineProject, type Finding } from "../doctor/examine-project.ts";
import type { Style } from "../render/style.ts";

export const definition: CommandDefinition = {
  name: "doctor",
  summary: "Examines the installation: Node, ledger, store, sources, leftovers",
  description:
    "Changes nothing but what opening the project changes. Every finding that is not in order says what to do.",
  arguments: [],
  options: [],
  examples: ["watersmeet doctor", "watersmeet doctor --json"],
  json: '{ findings: [{ name, status: "ok" | "warn" | "fail", message, hint: string | null }] }',
  exitCodes: { 1: "something is not in order" },
};

const input = z.strictObject({});

export function run(_input: z.output<typeof input>, deps: CommandDeps): Promise<readonly Finding[]> {
  return examineProject(deps);
}

export function renderFindings(findings: readonly Finding[], style: Style): string {
  const marks = { ok: style.green("ok  "), warn: style.yellow("warn"), fail: style.red("fail") };
  return findings
    .flatMap(({ name, status, message, hint }) => [
      `${marks[status]} ${name.padEnd(10)} ${message}`,
      ...(hint === null ? [] : [`${" ".repeat(16)}${style.cyan("hint")}: ${hint}`]),
    ])
    .join("\n");
}

export const doctorCommand = bindCommand({
  definition,
  input,
  run,
  render: renderFindings,
  toJson: (findings) => ({ findings }),
  exitCode: (findings) => (findings.some(({ status }) => status === "fail") ? 1 : 0),
});
