import type { Command } from "./command.ts";

/** A command that is loaded when it is used, or listed in a help. */
export interface CommandEntry {
  /** Words after `watersmeet`. */
  readonly name: string;
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of the help. */
export const commandTable: readonly CommandEntry[] = [
  { name: "init", load: async () => (await import("./commands/init.ts")).initCommand },
  { name: "check", load: async () => (await import("./commands/check.ts")).checkCommand },
  { name: "dev", load: async () => (await import("./commands/dev.ts")).devCommand },
  { name: "plan", load: async () => (await import("./commands/plan.ts")).planCommand },
  { name: "run", load: async () => (await import("./commands/run.ts")).runCommand },
  { name: "backfill", load: async () => (await import("./commands/backfill.ts")).backfillCommand },
  { name: "backfill list", load: async () => (await import("./commands/list-runs.ts")).listBackfillsCommand },
  { name: "backfill show", load: async () => (await import("./commands/show-run.ts")).showBackfillCommand },
  { name: "backfill pause", load: async () => (await import("./commands/change-run.ts")).pauseBackfillCommand },
  { name: "backfill resume", load: async () => (await import("./commands/continue-run.ts")).resumeBackfillCommand },
  { name: "backfill cancel", load: async () => (await import("./commands/change-run.ts")).cancelBackfillCommand },
  {
    name: "backfill retry-failed",
    load: async () => (await import("./commands/continue-run.ts")).retryBackfillCommand,
  },
  { name: "runs list", load: async () => (await import("./commands/list-runs.ts")).listRunsCommand },
  { name: "runs show", load: async () => (await import("./commands/show-run.ts")).showRunCommand },
  { name: "runs cancel", load: async () => (await import("./commands/change-run.ts")).cancelRunCommand },
  { name: "runs retry", load: async () => (await import("./commands/continue-run.ts")).retryRunCommand },
  { name: "runs on-deploy", load: async () => (await import("./commands/on-deploy.ts")).onDeployCommand },
  { name: "assets", load: async () => (await import("./commands/assets.ts")).assetsCommand },
  { name: "lineage", load: async () => (await import("./commands/lineage.ts")).lineageCommand },
  { name: "show", load: async () => (await import("./commands/show.ts")).showCommand },
  { name: "why", load: async () => (await import("./commands/why.ts")).whyCommand },
  { name: "cut", load: async () => (await import("./commands/merges/cut.ts")).cutCommand },
  { name: "batches", load: async () => (await import("./commands/merges/batches.ts")).batchesCommand },
  { name: "explain", load: async () => (await import("./commands/merges/explain.ts")).explainCommand },
  { name: "audit", load: async () => (await import("./commands/merges/audit.ts")).auditCommand },
  { name: "late list", load: async () => (await import("./commands/merges/late.ts")).listLateCommand },
  { name: "late show", load: async () => (await import("./commands/merges/late.ts")).showLateCommand },
  {
    name: "late reconcile",
    load: async () => (await import("./commands/merges/decide-late.ts")).reconcileLateCommand,
  },
  { name: "late reject", load: async () => (await import("./commands/merges/decide-late.ts")).rejectLateCommand },
  { name: "revoke", load: async () => (await import("./commands/merges/revoke.ts")).revokeCommand },
  { name: "rollback", load: async () => (await import("./commands/merges/rollback.ts")).rollbackCommand },
  { name: "schema diff", load: async () => (await import("./commands/merges/schema.ts")).diffSchemaCommand },
  { name: "schema check", load: async () => (await import("./commands/merges/schema.ts")).checkSchemaCommand },
  { name: "schema history", load: async () => (await import("./commands/merges/schema.ts")).schemaHistoryCommand },
  { name: "verify", load: async () => (await import("./commands/merges/verify.ts")).verifyCommand },
  { name: "unfreeze", load: async () => (await import("./commands/merges/verify.ts")).unfreezeCommand },
  { name: "gc", load: async () => (await import("./commands/merges/gc.ts")).gcCommand },
  { name: "breaker list", load: async () => (await import("./commands/breakers/list.ts")).listBreakersCommand },
  { name: "breaker open", load: async () => (await import("./commands/breakers/order.ts")).openBreakerCommand },
  { name: "breaker close", load: async () => (await import("./commands/breakers/order.ts")).closeBreakerCommand },
  { name: "breaker reset", load: async () => (await import("./commands/breakers/order.ts")).resetBreakerCommand },
  { name: "breaker disable", load: async () => (await import("./commands/breakers/order.ts")).disableBreakerCommand },
  {
    name: "automation list",
    load: async () => (await import("./commands/automation/list.ts")).listAutomationCommand,
  },
  {
    name: "automation show",
    load: async () => (await import("./commands/automation/list.ts")).showAutomationCommand,
  },
  {
    name: "automation pause",
    load: async () => (await import("./commands/automation/pause.ts")).pauseAutomationCommand,
  },
  {
    name: "automation resume",
    load: async () => (await import("./commands/automation/pause.ts")).resumeAutomationCommand,
  },
  {
    name: "automation history",
    load: async () => (await import("./commands/automation/history.ts")).automationHistoryCommand,
  },
  { name: "limits", load: async () => (await import("./commands/limits/list.ts")).limitsCommand },
  { name: "limits history", load: async () => (await import("./commands/limits/list.ts")).limitMovesCommand },
  { name: "limits set", load: async () => (await import("./commands/limits/order.ts")).setLimitCommand },
  { name: "limits clear", load: async () => (await import("./commands/limits/order.ts")).clearLimitCommand },
  { name: "worker", load: async () => (await import("./commands/worker.ts")).workerCommand },
  { name: "serve", load: async () => (await import("./commands/serve.ts")).serveCommand },
  { name: "doctor", load: async () => (await import("./commands/doctor.ts")).doctorCommand },
  { name: "db migrate", load: async () => (await import("./commands/db-migrate.ts")).dbMigrateCommand },
];

/** The entries that a command line needs: those of its first word, or all, for the help. */
export function pickEntries(argv: readonly string[]): readonly CommandEntry[] {
  const words = argv.filter((argument) => !argument.startsWith("-"));
  const named = commandTable.filter(({ name }) => words.includes(firstWord(name)));
  return named.length > 0 ? named : commandTable;
}

export function firstWord(name: string): string {
  return name.split(" ")[0] ?? name;
}
