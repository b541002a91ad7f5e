import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

const pure = "packages/*/src/**/*.test.ts";

/** Of all tests, whatever they need. */
const shared: Pick<TestProjectInlineConfiguration, "resolve"> & {
  readonly test: TestProjectInlineConfiguration["test"];
} = {
  resolve: {
    alias: [
      {
        find: /^fast-check$/,
        replacement: fileURLToPath(new URL("./tools/testing/seeded-fast-check.ts", import.meta.url)),
      },
    ],
  },
  test: {
    pool: "forks",
    // What tests start, hundreds of processes, compile the same modules: half of what starting a child costs.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "watersmeet-test-compile-cache") },
    // Tests wait for conditions, never for a time. These ends are for what hangs: ten times what a slow machine needs for the longest test.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
  },
};

export default defineConfig({
  test: {
    reporters: ["default", "./tools/testing/closing-line-reporter.ts"],
    // Most tests wait for processes and servers that they start: one worker for each of two cores, where vitest would leave one core to itself.
    maxWorkers: 2,
    projects: [
      // They keep nothing and change nothing around them: one process loads what they import for all of them.
      { ...shared, test: { ...shared.test, name: "pure", include: [pure], isolate: false } },
      {
        ...shared,
        test: {
          ...shared.test,
          name: "real",
          include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts", "tools/**/*.test.ts"],
          globalSetup: ["tools/testing/postgres-server.ts"],
        },
      },
    ],
  },
});
