#!/usr/bin/env node
// Plain JavaScript that any Node can parse: an old one must reach the message below.
import { existsSync } from "node:fs";
import module from "node:module";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `Watersmeet needs Node 24.12 or later, and this is Node ${process.versions.node}.\n` +
      "Without installing anything: npx -y -p node@24 -p @watersmeet/ui-server watersmeet --help\n",
  );
  process.exit(2);
}

// DuckDB's statements wait in Node's thread pool, as do file reads, and four threads are soon taken. Read when the pool is first used: below.
process.env.UV_THREADPOOL_SIZE ??= "16";

// Keeps what Node compiles, and the types it strips, between calls: a third of the time that a command takes to start.
module.enableCompileCache();
process.env.NODE_COMPILE_CACHE ??= module.getCompileCacheDir();

// In the workspace the sources run as they are; a published package holds them built.
const source = new URL("../src/cli/main.ts", import.meta.url);
const { main } = await import(existsSync(source) ? source.href : new URL("../dist/cli/main.js", import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));
