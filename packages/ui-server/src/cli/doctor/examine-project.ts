import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { isWatersmeetError } from "@watersmeet/core/errors";
import {
  examineLedgerServer,
  judgeNode,
  type Config,
  type Examination,
  type Finding,
  type Repair,
  type Violation,
  type Watersmeet,
} from "@watersmeet/runtime";
import { labelPartition } from "../../read/label-partition.ts";
import type { CommandDeps } from "../deps.ts";
import { countOf } from "../render/quantities.ts";
import { findRunningServer } from "../server/server-file.ts";
import { describeViolations } from "./describe-violations.ts";

/** Everything that was looked at, what does not hold, and what was put right. */
export interface Report {
  readonly findings: readonly Finding[];
  readonly violations: readonly Violation[];
  readonly repairs: readonly Repair[];
}

export interface ExamineOptions {
  /** Puts right what is safe to put right, before it looks. */
  readonly repairs: boolean;
  /** Reads every served row. */
  readonly isThorough: boolean;
}

/** Looks at everything that a project needs, as far as it gets: what cannot be looked at for want of something else is left out. */
export async function examineProject(deps: CommandDeps, options: ExamineOptions): Promise<Report> {
  const findings: Finding[] = [judgeNode(process.versions.node)];
  const nothing = { findings, violations: [], repairs: [] };
  const config = await attempt(findings, "config", () => deps.loadConfig());
  if (config === undefined) return nothing;
  findings.push(ok("config", config.root), await examineServer(config));
  const watersmeet = await attempt(findings, "ledger", () => deps.openProject());
  if (watersmeet === undefined) {
    // Why it cannot be opened may be seen from outside: a pooler, a standby, no connection left.
    if (config.ledger.kind === "url") findings.push(...(await examineLedgerServer(config.ledger.url)));
    return nothing;
  }
  await using opened = watersmeet;
  const { postgresVersion, migration, stores } = await opened.examine();
  const repairs = options.repairs ? await opened.doctor.repair() : [];
  const kind = config.ledger.kind === "embedded" ? "embedded PostgreSQL" : "PostgreSQL";
  findings.push(ok("ledger", `${kind} ${postgresVersion}, migrated to ${migration}`));
  findings.push(...(await opened.doctor.examineEnvironment()));
  findings.push(...stores.map(describeStore), ...(await examineWorkers(opened, deps)), examineSources(opened));
  const unseen = stores.filter(({ problem }) => problem !== null).map(({ name }) => name);
  findings.push(...(unseen.length === 0 ? await examineMerges(opened) : describeUnseenMerges(opened, unseen)));
  const violations = await opened.doctor.findViolations({ isThorough: options.isThorough });
  return { findings: [...findings, ...describeViolations(violations, unseen)], violations, repairs };
}

async function attempt<T>(findings: Finding[], name: string, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!isWatersmeetError(error)) throw error;
    findings.push({ name, status: "fail", message: `${error.code}: ${error.message}`, hint: error.hint ?? null });
    return undefined;
  }
}

async function examineServer(config: Config): Promise<Finding> {
  const path = join(config.stateDirectory, "server.json");
  if (!existsSync(path)) return ok("server", "not running");
  const server = await findRunningServer(config.stateDirectory);
  if (server !== undefined) return ok("server", `${server.url}, process ${server.pid}`);
  return warn("server", "a server that has ended left its file behind", `It does no harm; rm ${path}`);
}

/** A worker that has not beaten for this long is gone, or its host is. */
const deadAfterMs = 60_000;

async function examineWorkers({ ledger }: Watersmeet, deps: CommandDeps): Promise<readonly Finding[]> {
  const workers = await ledger.listWorkers();
  const gone = workers.filter(
    ({ host, pid, beatAt }) =>
      deps.now().getTime() - beatAt.getTime() > deadAfterMs || (host === hostname() && !isAlive(pid)),
  );
  const living = ok(
    "workers",
    gone.length === workers.length ? "none running" : `${countOf(workers.length - gone.length, "worker")} running`,
  );
  const hint = "Its steps are taken over by the next worker that runs";
  return [
    living,
    ...gone.map(({ id, host }) => warn("workers", `worker ${id} on ${host} has gone without saying so`, hint)),
  ];
}

function examineSources(watersmeet: Watersmeet): Finding {
  const { graph, problems } = watersmeet.project();
  if (problems.length === 0) return ok("sources", countOf(graph.order.length, "asset"));
  return {
    name: "sources",
    status: "fail",
    message: countOf(problems.length, "problem"),
    hint: "watersmeet check shows them",
  };
}

/** Whether every contribution that a served version was given has a fate (L14). */
async function examineMerges(watersmeet: Watersmeet): Promise<readonly Finding[]> {
  const { graph, problems } = watersmeet.project();
  const keys = problems.length > 0 ? [] : graph.order.filter((key) => graph.assets.get(key)?.kind === "merge");
  const findings: Finding[] = [];
  for (const key of keys) {
    const points = await watersmeet.merges.checkConservation(key);
    const lost = points.filter(({ isConserved }) => !isConserved);
    if (lost.length === 0) findings.push(ok("merges", `${key}: every contribution has a fate`));
    for (const { partition, version, delivered, accounted } of lost) {
      const message = `${labelPartition(key, partition)} version ${version} was given ${delivered} contributions and accounts for ${accounted}`;
      const hint = `watersmeet verify ${key} folds it again and compares`;
      findings.push({ name: "merges", status: "fail", message, hint });
    }
  }
  return findings;
}

function describeUnseenMerges(watersmeet: Watersmeet, unseen: readonly string[]): readonly Finding[] {
  const { graph } = watersmeet.project();
  if (![...graph.assets.values()].some(({ kind }) => kind === "merge")) return [];
  const hint = "Stop the process that has the store, and run doctor again";
  return [
    warn("merges", `whether every contribution has a fate was not looked at: it is in ${unseen.join(", ")}`, hint),
  ];
}

function describeStore({ name, kind, problem }: Examination["stores"][number]): Finding {
  if (problem === null) return ok("store", `${name}: ${kind}, opens`);
  // A running server owns the file of a DuckDB store: that is how it should be.
  const status = problem.code === "STORE_LOCKED" ? "warn" : "fail";
  return { name: "store", status, message: `${name}: ${problem.code}: ${problem.message}`, hint: problem.hint };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and belongs to someone else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function ok(name: string, message: string): Finding {
  return { name, status: "ok", message, hint: null };
}

function warn(name: string, message: string, hint: string): Finding {
  return { name, status: "warn", message, hint };
}
