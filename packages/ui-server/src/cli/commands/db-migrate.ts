import { z } from "zod";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";

export const definition: CommandDefinition = {
  name: "db migrate",
  summary: "Brings the ledger's schema to the version that this program needs",
  description:
    "Migrations only go forward, each in a transaction of its own. With nothing to do it says so and exits with 0.",
  arguments: [],
  options: [],
  examples: ["watersmeet db migrate", "DATABASE_URL=postgres://… watersmeet db migrate --json"],
  json: "{ applied: string[] }",
  exitCodes: { 1: "the database cannot be reached" },
};

const input = z.strictObject({});

export interface MigrationResult {
  /** Names of the migrations that were applied now, in their order. */
  readonly applied: readonly string[];
}

export async function run(_input: z.output<typeof input>, deps: CommandDeps): Promise<MigrationResult> {
  const { createLogger, migrateProjectLedger } = await import("@watersmeet/runtime");
  return { applied: await migrateProjectLedger(await deps.loadConfig(), createLogger("warn")) };
}

export function renderMigration({ applied }: MigrationResult): string {
  return applied.length === 0
    ? "The ledger's schema is up to date"
    : ["Applied", ...applied.map((name) => `  ${name}`)].join("\n");
}

export const dbMigrateCommand = bindCommand({
  definition,
  input,
  run,
  render: renderMigration,
  toJson: (result) => result,
});
