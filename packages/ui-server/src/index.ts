export { serveApp, type RunningServer, type ServeOptions } from "./http/serve-app.ts";
export { createWebApp, type WebApp, type WebAppOptions } from "./http/web-app.ts";
