import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, rmSync } from "node:fs";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** Builds what is published: `dist` of every package (Node refuses `.ts` under node_modules), the SQL beside it, and the web app. */
const packages = ["core", "runtime", "ui-server"].map((name) => join("packages", name));

for (const folder of packages) rmSync(join(folder, "dist"), { recursive: true, force: true });
execFileSync("tsc", ["-b", "--force"], { stdio: "inherit" });
for (const folder of packages) {
  for (const file of globSync("src/**/*.sql", { cwd: folder })) {
    const target = join(folder, file.replace(/^src/, "dist"));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(folder, file), target);
  }
}
if (existsSync("packages/ui-server/web/vite.config.ts")) {
  execFileSync("vite", ["build", "packages/ui-server/web"], { stdio: "inherit" });
}
