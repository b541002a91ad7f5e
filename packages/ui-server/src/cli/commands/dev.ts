import { WatersmeetError } from "@watersmeet/core/errors";
import type { Watersmeet } from "@watersmeet/runtime";
import { z } from "zod";
import type { RunningServer, ServeOptions } from "../../http/serve-app.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import { tell, type CommandDeps } from "../deps.ts";
import { diffProjects, isEmptyDiff } from "../dev/diff-projects.ts";
import { watchProject } from "../dev/watch-project.ts";
import { renderError } from "../render/error.ts";
import { renderProblems } from "../render/problems.ts";
import { renderProjectDiff } from "../render/project-diff.ts";
import { countOf } from "../render/quantities.ts";
import { renderUrls } from "../render/urls.ts";
import { announceServer, refuseSecondServer } from "../server/server-file.ts";
import { logDefect } from "../terminal/log-defect.ts";
import { endlessParts, waitForInterrupt } from "../terminal/wait-for-interrupt.ts";

export const definition: CommandDefinition = {
  name: "dev",
  summary: "Database, worker, HTTP API and web app in one process, and a watch over the sources",
  description:
    "Without DATABASE_URL, a PostgreSQL of the project's own is started under .watersmeet/. A saved file is derived again and its code is " +
    "loaded without a restart; what became out of date is said, and never run by itself. Ctrl-C ends it with 0.",
  arguments: [],
  options: [{ flags: "--port <n>", description: "port (default: 4321 or the next free one)" }],
  examples: ["watersmeet dev", "watersmeet dev --port 8080"],
  json: "{ stopped: true }, at its end",
  exitCodes: {},
};

const input = z.strictObject({ port: z.coerce.number().int().min(0).max(65_535).exactOptional() });

export async function run({ port }: z.output<typeof input>, deps: CommandDeps): Promise<void> {
  // Before anything is loaded: whoever waits should know at once that something is going on.
  tell(deps, `watersmeet ${deps.version} dev`);
  const config = await deps.loadConfig();
  await refuseSecondServer(config.stateDirectory);
  // Loaded while the database starts.
  const loading = Promise.all([import("../../http/web-app.ts"), import("../../http/serve-app.ts")]);
  await using watersmeet = await deps.openProject({ startsWorker: true });
  const [{ createWebApp }, { serveApp }] = await loading;
  await using server = await serveOnFreePort(
    serveApp,
    {
      watersmeet,
      host: watersmeet.config.http.host,
      web: createWebApp({ onBuild: (message) => tell(deps, message), onFailure: logDefect(deps) }),
      version: deps.version,
      onDefect: logDefect(deps),
    },
    port === undefined ? { first: watersmeet.config.http.port, tries: 20 } : { first: port, tries: 1 },
  );
  await using _announced = await announceServer(config.stateDirectory, { url: server.url, pid: process.pid });
  tell(deps, renderUrls(server.url, deps.terminal.err.style));
  tellProject(watersmeet, deps);
  await using _worker = await watersmeet.startWorker();
  await using _automation = await watersmeet.startAutomation();
  await using _watch = await watchProject(watersmeet.project().root, () => reload(watersmeet, deps));
  tell(deps, "Watching for changes. Ctrl-C ends.");
  await waitForInterrupt(deps.interrupted);
  tell(deps, "Stopping");
}

async function serveOnFreePort(
  serve: (options: ServeOptions) => Promise<RunningServer>,
  options: Omit<ServeOptions, "port">,
  ports: { readonly first: number; readonly tries: number },
): Promise<RunningServer> {
  for (let tried = 1; ; tried++) {
    try {
      return await serve({ ...options, port: ports.first + tried - 1 });
    } catch (error) {
      const isTaken = error instanceof WatersmeetError && error.code === "PORT_IN_USE";
      if (!isTaken || tried === ports.tries) throw error;
    }
  }
}

function tellProject(watersmeet: Watersmeet, deps: CommandDeps): void {
  const { graph, problems, root } = watersmeet.project();
  tell(
    deps,
    `\n${countOf(graph.order.length, "asset")}${problems.length === 0 ? "" : `, ${countOf(problems.length, "problem")}`}`,
  );
  if (problems.length > 0) tell(deps, `\n${renderProblems(problems, root, deps.terminal.err.style)}`);
}

/** A reload that fails is told, and the project stays as it was: the next save tries again. */
async function reload(watersmeet: Watersmeet, deps: CommandDeps): Promise<void> {
  const { style } = deps.terminal.err;
  try {
    const before = watersmeet.project();
    const after = await watersmeet.reloadProject();
    const diff = diffProjects(before, after);
    if (isEmptyDiff(diff)) return;
    const touched = [...diff.added, ...diff.changed.map(({ asset }) => asset)];
    const staleCount = after.problems.length > 0 ? null : await countStale(watersmeet, touched);
    tell(deps, `\n${renderProjectDiff(diff, { root: after.root, staleCount }, style)}`);
  } catch (error) {
    tell(deps, renderError(error, { style, withStack: false }));
  }
}

async function countStale(watersmeet: Watersmeet, touched: readonly string[]): Promise<number> {
  if (touched.length === 0) return 0;
  const plan = await watersmeet.plan({ select: touched.map((asset) => `${asset}+`).join(" ") });
  return plan.assets.filter(({ run }) => run.length > 0).length;
}

export const devCommand = bindCommand({
  definition,
  input,
  run,
  ...endlessParts,
});
