import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The pages, as responses: read into memory once, found by path, never looked up on disk by a name that a request gives. */
export interface WebApp {
  /** `undefined` when there is no such file. Every other path is a page of the app: an asset's key may look like a file's name. */
  respond(path: string): Promise<Response | undefined>;
}

export interface WebAppOptions {
  /** Told while the app is built from source, which takes some seconds. */
  readonly onBuild?: (message: string) => void;
  /** Told why the app could not be built; the page says only that it could not. */
  readonly onFailure?: (error: unknown) => void;
}

const packageRoot = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The web app: from source, built with vite into a cache that is keyed by the sources' content; from `web-dist/` in a published package;
 * without either, a page that says so. Nothing is read or built before the first page is asked for.
 */
export function createWebApp(options: WebAppOptions = {}): WebApp {
  let files: Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> | undefined;
  return {
    async respond(path) {
      files ??= loadFiles(options);
      const loaded = await files.catch((error: unknown) => {
        files = undefined;
        options.onFailure?.(error);
        return explainFailure(error);
      });
      const name = isFile(path, loaded) ? path.slice(1) : "index.html";
      const body = loaded.get(name);
      return body === undefined ? undefined : new Response(body, { headers: describeFile(name) });
    },
  };
}

/** Files lie at the top, or in the bundler's folder: a path there that is none of them is missing, not a page. */
function isFile(path: string, loaded: ReadonlyMap<string, unknown>): boolean {
  return loaded.has(path.slice(1)) || path.startsWith("/app/");
}

async function loadFiles(options: WebAppOptions): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
  const source = join(packageRoot, "web");
  // The source first: a published package has none, and in the workspace web-dist/ may be of yesterday.
  if (existsSync(join(source, "index.html"))) return readFolder(await buildOnce(source, options));
  const published = join(packageRoot, "web-dist");
  return existsSync(published) ? readFolder(published) : explainAbsence();
}

/** The folder of the build for exactly these sources; made when it is not there. */
async function buildOnce(source: string, options: WebAppOptions): Promise<string> {
  const target = join(packageRoot, "node_modules", ".cache", "web", await digestFolder(source));
  if (existsSync(target)) return target;
  options.onBuild?.("Building the web app from source (once per change of it)");
  const { build } = await import("vite");
  const draft = `${target}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    await build({ root: source, logLevel: "warn", build: { outDir: draft, emptyOutDir: true } });
    // Two processes may build at once: both made the same, and the first to arrive stays.
    await rename(draft, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

async function digestFolder(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of await listFiles(folder)) {
    const content = await readFile(join(folder, file));
    hash.update(`${file}:${content.byteLength}:`).update(content);
  }
  return hash.digest("hex").slice(0, 32);
}

async function readFolder(folder: string): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const file of await listFiles(folder)) files.set(file, new Uint8Array(await readFile(join(folder, file))));
  return files;
}

/** Relative paths with forward slashes, sorted; folders of tools and tests are no part of the app. */
async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((file) => !file.includes("node_modules/"))
    .sort();
}

const mediaTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** Vite puts a digest of the content into the names under app/, so these never change. */
function describeFile(name: string): Record<string, string> {
  return {
    "Content-Type": mediaTypes[extname(name)] ?? "application/octet-stream",
    "Cache-Control": name.startsWith("app/") ? "public, max-age=31536000, immutable" : "no-cache",
  };
}

function explainAbsence(): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  return onePage(
    "This copy of Watersmeet has no web app. The API is at /api/v1, and its description at /api/v1/openapi.json.",
  );
}

function explainFailure(error: unknown): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  const isAbsent = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  return onePage(
    isAbsent
      ? "The web app is here as source, and vite, which builds it, is not installed: install the development dependencies. The API is at /api/v1."
      : "The web app could not be built: the terminal of the server has the reason. The API is at /api/v1.",
  );
}

function onePage(text: string): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  const html = `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Watersmeet</title></head><body><h1>Watersmeet</h1><p>${text}</p></body></html>\n`;
  return new Map([["index.html", new TextEncoder().encode(html)]]);
}
