import type { Finding, Repair } from "@watersmeet/runtime";
import { z } from "zod";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { examineProject, type Report } from "../doctor/examine-project.ts";
import type { Style } from "../render/style.ts";

export const definition: CommandDefinition = {
  name: "doctor",
  summary: "Examines the installation, and whether everything in it holds",
  description:
    "Looks at Node, the database, a pooler before it, clocks, disks, processes left behind, stores, workers and sources, and checks I1 to I12 on the ledger " +
    "and the stores: the same that the crash tests check. Every finding that is not in order says what to do.\n\n" +
    "Without --repair it changes nothing but what opening the project changes. With it, commits without a record get one, heads of the ledger follow the store, " +
    "leases and steps of dead workers are given back, and files, children and databases are removed that nobody is left to use; it says what it did.",
  arguments: [],
  options: [
    { flags: "--repair", description: "put right what is safe to put right while others work" },
    { flags: "--thorough", description: "read every served row and compare it with its commit" },
  ],
  examples: ["watersmeet doctor", "watersmeet doctor --repair", "watersmeet doctor --thorough --json"],
  json:
    '{ findings: [{ name, status: "ok" | "warn" | "fail", message, hint: string | null }], ' +
    "violations: [{ code, invariant, message, place, hint, isRepaired }], repairs: [{ kind, message }] }",
  exitCodes: { 1: "something is not in order" },
};

const input = z.strictObject({ repair: z.boolean().default(false), thorough: z.boolean().default(false) });

export function run({ repair, thorough }: z.output<typeof input>, deps: CommandDeps): Promise<Report> {
  return examineProject(deps, { repairs: repair, isThorough: thorough });
}

export function renderReport({ findings, repairs }: Pick<Report, "findings" | "repairs">, style: Style): string {
  return [
    ...repairs.map((repair) => renderRepair(repair, style)),
    ...findings.map((each) => renderFinding(each, style)),
  ].join("\n");
}

function renderRepair({ message }: Repair, style: Style): string {
  return `${style.green("done")} ${"repair".padEnd(11)} ${message}`;
}

function renderFinding({ name, status, message, hint }: Finding, style: Style): string {
  const marks = { ok: style.green("ok  "), warn: style.yellow("warn"), fail: style.red("fail") };
  const line = `${marks[status]} ${name.padEnd(11)} ${message}`;
  return hint === null ? line : `${line}\n${" ".repeat(17)}${style.cyan("hint")}: ${hint}`;
}

export const doctorCommand = bindCommand({
  definition,
  input,
  run,
  render: renderReport,
  toJson: ({ findings, violations, repairs }) => ({ findings, violations, repairs }),
  exitCode: ({ findings }) => (findings.some(({ status }) => status === "fail") ? 1 : 0),
});
