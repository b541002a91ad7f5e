import { execFileSync } from "node:child_process";
import { cpSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Builds what is published, in place: `dist` of every package (Node refuses `.ts` under node_modules), the SQL beside it, and the web app. */
const packages = ["core", "runtime", "ui-server"].map((name) => join("packages", name));

for (const folder of packages) rmSync(join(folder, "dist"), { recursive: true, force: true });
execFileSync(join("node_modules", ".bin", "tsc"), ["-b", "--force"], { stdio: "inherit" });
for (const folder of packages) {
  for (const file of globSync("src/**/migrations/*.sql", { cwd: folder })) {
    cpSync(join(folder, file), join(folder, file.replace(/^src/, "dist")));
  }
}
execFileSync(join("node_modules", ".bin", "vite"), ["build", "web", "--logLevel", "warn"], {
  stdio: "inherit",
  cwd: join("packages", "ui-server"),
});
