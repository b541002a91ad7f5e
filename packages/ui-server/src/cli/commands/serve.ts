import { z } from "zod";
import { bindCommand, type CommandDefinition } from "../command.ts";
import { tell, type CommandDeps } from "../deps.ts";
import { requireSoundProject } from "../project/require-sound-project.ts";
import { renderUrls } from "../render/urls.ts";
import { announceServer, refuseSecondServer } from "../server/server-file.ts";
import { logDefect } from "../terminal/log-defect.ts";
import { endlessParts, waitForInterrupt } from "../terminal/wait-for-interrupt.ts";

export const definition: CommandDefinition = {
  name: "serve",
  summary: "Serves the web app and the HTTP API; executes nothing",
  description:
    "Runs that are started in the web app, or by themselves, wait for a worker. The server has no accounts and therefore answers on loopback only. " +
    "On SIGTERM or Ctrl-C it ends with 0.",
  arguments: [],
  options: [
    { flags: "--port <n>", description: "port (default: 4321, or that of watersmeet.config.ts)" },
    { flags: "--host <address>", description: "a loopback address (default: 127.0.0.1)" },
  ],
  examples: ["watersmeet serve", "watersmeet serve --port 8080"],
  json: "{ stopped: true }, at its end",
  exitCodes: { 3: "the project's sources have problems", 6: "the address can be reached from other machines" },
};

const input = z.strictObject({
  port: z.coerce.number().int().min(0).max(65_535).exactOptional(),
  host: z.string().exactOptional(),
});

export async function run(options: z.output<typeof input>, deps: CommandDeps): Promise<void> {
  await refuseSecondServer((await deps.loadConfig()).stateDirectory);
  await using watersmeet = await deps.openProject(options);
  requireSoundProject(watersmeet.project(), deps);
  const { serveApp } = await import("../../http/serve-app.ts");
  const { createWebApp } = await import("../../http/web-app.ts");
  const { host, port } = watersmeet.config.http;
  const web = createWebApp({ onBuild: (message) => tell(deps, message), onFailure: logDefect(deps) });
  await using server = await serveApp({
    watersmeet,
    host,
    port,
    web,
    version: deps.version,
    onDefect: logDefect(deps),
  });
  await using _announced = await announceServer(watersmeet.config.stateDirectory, {
    url: server.url,
    pid: process.pid,
  });
  await using _automation = await watersmeet.startAutomation();
  tell(deps, renderUrls(server.url, deps.terminal.err.style));
  await waitForInterrupt(deps.interrupted);
}

export const serveCommand = bindCommand({
  definition,
  input,
  run,
  ...endlessParts,
});
