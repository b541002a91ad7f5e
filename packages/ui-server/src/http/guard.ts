import { WatersmeetError } from "@watersmeet/core/errors";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";

const maxBodyBytes = 1024 * 1024;

/**
 * The server has no accounts: whoever reaches it may start work. So it answers only to its own names, which keeps out pages whose
 * host name was pointed at this machine (DNS rebinding), and takes changes only from its own pages or from no page at all.
 */
export function refuseForeignHosts(isOwnHost: (host: string) => boolean): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (!isOwnHost(host)) {
      throw new WatersmeetError("ORIGIN_DENIED", "The request's Host header is not a name of this server", {
        hint: "Use http://localhost or http://127.0.0.1 with the server's port",
      });
    }
    await next();
  };
}

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Requests that change state, whatever their content type: JSON too. Programs that are no browsers send neither header. */
export const refuseForeignOrigins: MiddlewareHandler = async (c, next) => {
  if (!safeMethods.has(c.req.method)) {
    const origin = c.req.header("origin");
    const site = c.req.header("sec-fetch-site");
    const isForeignOrigin = origin !== undefined && origin !== `http://${c.req.header("host")}`;
    const isForeignSite = site !== undefined && site !== "same-origin" && site !== "none";
    if (isForeignOrigin || isForeignSite) {
      throw new WatersmeetError("ORIGIN_DENIED", "Another site's page may not change anything here");
    }
  }
  await next();
};

export const limitBody: MiddlewareHandler = bodyLimit({
  maxSize: maxBodyBytes,
  onError: () => {
    throw new HTTPException(413);
  },
});

/** The app needs nothing from elsewhere; React sets inline styles. */
export const protectPages: MiddlewareHandler = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
  crossOriginOpenerPolicy: "same-origin",
  crossOriginResourcePolicy: "same-origin",
  xFrameOptions: "DENY",
  referrerPolicy: "no-referrer",
  // Plain http on loopback: a promise of TLS would be false.
  strictTransportSecurity: false,
});

/** Names under which a server on loopback may be asked: `localhost`, `127.0.0.1`, `[::1]`, each with its port. */
export function buildOwnHosts(port: number): (host: string) => boolean {
  const names = ["localhost", "127.0.0.1", "[::1]"];
  const hosts = new Set(names.map((name) => `${name}:${port}`));
  // Browsers and clients leave the default port out.
  if (port === 80) for (const name of names) hosts.add(name);
  return (host) => hosts.has(host.toLowerCase());
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
