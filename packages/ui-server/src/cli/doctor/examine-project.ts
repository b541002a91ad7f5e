import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { isWatersmeetError } from "@watersmeet/core/errors";
import type { Config, Watersmeet } from "@watersmeet/runtime";
import type { CommandDeps } from "../deps.ts";
import { countOf } from "../render/quantities.ts";
import { findRunningServer } from "../server-file.ts";

/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do; `null` when nothing is to be done. */
  readonly hint: string | null;
}

/** Looks at everything that a project needs, as far as it gets: what cannot be looked at for want of something else is left out. */
export async function examineProject(deps: CommandDeps): Promise<readonly Finding[]> {
  const findings: Finding[] = [ok("node", `Node ${process.versions.node}`)];
  const config = await attempt(findings, "config", () => deps.loadConfig());
  if (config === undefined) return findings;
  findings.push(ok("config", config.root), await examineServer(config));
  const watersmeet = await attempt(findings, "ledger", () => deps.openProject());
  if (watersmeet === undefined) return findings;
  await using opened = watersmeet;
  findings.push(...(await examineLedger(opened, deps)), examineSources(opened), ...examineStores(config));
  return findings;
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

async function examineLedger({ config, ledger }: Watersmeet, deps: CommandDeps): Promise<readonly Finding[]> {
  const workers = await ledger.listWorkers();
  const dead = workers.filter(({ beatAt }) => deps.now().getTime() - beatAt.getTime() > deadAfterMs);
  const leftovers = workers.filter(({ host, pid }) => host === hostname() && !isAlive(pid));
  const findings = [
    ok("ledger", `${config.ledger.kind === "embedded" ? "embedded PostgreSQL" : "PostgreSQL"}, reachable and migrated`),
  ];
  findings.push(
    ok("workers", workers.length === 0 ? "none running" : `${countOf(workers.length, "worker")} registered`),
  );
  for (const { id, host } of new Set([...dead, ...leftovers])) {
    findings.push(
      warn(
        "workers",
        `worker ${id} on ${host} has gone without saying so`,
        "Its steps are taken over by the next worker",
      ),
    );
  }
  return findings;
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

function examineStores(config: Config): readonly Finding[] {
  return Object.entries(config.stores).map(([name, store]) => ok("store", `${name}: ${store.kind}`));
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
