import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { OpenAPIHono } from "@hono/zod-openapi";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { Watersmeet } from "@watersmeet/runtime";
import type { ApiEnv } from "./api-env.ts";
import { buildApi } from "./api.ts";
import {
  buildOwnHosts,
  isLoopback,
  limitBody,
  protectPages,
  refuseForeignHosts,
  refuseForeignOrigins,
} from "./guard.ts";
import { respondWithProblem } from "./problem-response.ts";
import type { WebApp } from "./web-app.ts";

export interface ServeOptions {
  readonly watersmeet: Watersmeet;
  /** A loopback address: the server has no accounts. @default "127.0.0.1" */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The pages; `null` serves the API alone. */
  readonly web: WebApp | null;
  readonly version: string;
  /** Told of errors that nobody foresaw. */
  readonly onDefect: (error: unknown) => void;
}

/** A server that listens. Disposing it ends open streams and closes it. */
export interface RunningServer extends AsyncDisposable {
  /** Without a slash at the end: `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly port: number;
}

/** Serves the API and the web app. @throws {BIND_DENIED} @throws {PORT_IN_USE} */
export async function serveApp(options: ServeOptions): Promise<RunningServer> {
  const host = options.host ?? "127.0.0.1";
  if (!isLoopback(host)) {
    throw new WatersmeetError(
      "BIND_DENIED",
      `${host} can be reached from other machines, and this server has no accounts`,
      {
        hint: "Bind to 127.0.0.1 and put a proxy that authenticates, or an SSH tunnel, in front of it",
      },
    );
  }
  const stopping = new AbortController();
  // The port is known once the server listens, and no request comes before that.
  let isOwnHost: (host: string) => boolean = () => false;
  const app = buildApp({ ...options, serverSignal: stopping.signal, isOwnHost: (name) => isOwnHost(name) });
  const { server, port } = await listen(app, host, options.port);
  isOwnHost = buildOwnHosts(port);
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
    },
  };
}

type AppOptions = ServeOptions & {
  readonly serverSignal: AbortSignal;
  readonly isOwnHost: (host: string) => boolean;
};

function buildApp({ watersmeet, web, version, onDefect, serverSignal, isOwnHost }: AppOptions): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>();
  app.use(protectPages, refuseForeignHosts(isOwnHost), refuseForeignOrigins, limitBody);
  app.use("/api/*", async (c, next) => {
    c.set("watersmeet", watersmeet);
    c.set("serverSignal", serverSignal);
    c.set("version", version);
    await next();
  });
  app.route("/api/v1", buildApi(onDefect));
  app.get("*", async (c) => {
    const page = await web?.respond(c.req.path);
    if (page === undefined) throw new WatersmeetError("NOT_FOUND", `There is no page ${c.req.path}`);
    return page;
  });
  app.onError((error, c) => respondWithProblem(c, error, onDefect));
  return app;
}

type Listening = { readonly server: ReturnType<typeof serve>; readonly port: number };

function listen(app: OpenAPIHono<ApiEnv>, hostname: string, port: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname, port }, (address: AddressInfo) => {
      resolve({ server, port: address.port });
    });
    server.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EADDRINUSE") return reject(cause);
      const hint = "Stop the other server, or choose another port with --port";
      reject(new WatersmeetError("PORT_IN_USE", `Port ${port} of ${hostname} is taken`, { hint, cause }));
    });
  });
}
