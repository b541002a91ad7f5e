import { openWatersmeet, type Watersmeet } from "@watersmeet/runtime";
import { serveApp } from "../../src/http/serve-app.ts";
import type { WebApp } from "../../src/http/web-app.ts";
import { createFixtureProject } from "./fixture-project.ts";

/** The real server over the real runtime on a copy of a fixture. */
export interface FixtureServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  readonly watersmeet: Watersmeet;
  /** Errors that nobody foresaw, as the server's log would have them. */
  readonly defects: readonly unknown[];
}

export async function createFixtureServer(
  fixture: "shop" | "registries",
  { web = null }: { readonly web?: WebApp | null } = {},
): Promise<FixtureServer> {
  await using stack = new AsyncDisposableStack();
  const project = stack.use(await createFixtureProject(fixture));
  const watersmeet = stack.use(await openWatersmeet({ directory: project.directory, env: project.env }));
  const defects: unknown[] = [];
  const server = stack.use(
    await serveApp({ watersmeet, port: 0, web, version: "0.0.0", onDefect: (error) => defects.push(error) }),
  );
  const opened = stack.move();
  return {
    url: server.url,
    port: server.port,
    directory: project.directory,
    watersmeet,
    defects,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
