import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const binary = fileURLToPath(new URL("../../bin/watersmeet.js", import.meta.url));

test.each(["18.20.8", "20.20.2", "24.11.1"])("Node %s is told which Node is needed, and how to get by", (version) => {
  const result = callUnder(version);
  expect(result).toMatchObject({ status: 2, stdout: "" });
  expect(result.stderr).toBe(
    `Watersmeet needs Node 24.12 or later, and this is Node ${version}.\n` +
      "Without installing anything: npx -y -p node@24 -p @watersmeet/ui-server watersmeet --help\n",
  );
});

test.each(["24.12.0", "25.0.0"])("Node %s is new enough", (version) => {
  expect(callUnder(version)).toMatchObject({ status: 0, stderr: "" });
});

/** This Node, which says it is another. */
function callUnder(version: string) {
  const versions = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`;
  const preload = `data:text/javascript,${encodeURIComponent(versions)}`;
  return spawnSync(process.execPath, ["--import", preload, binary, "--version"], { encoding: "utf8" });
}
