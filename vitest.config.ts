import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
      "tools/**/*.test.ts",
    ],
    globalSetup: ["tools/testing/postgres-server.ts"],
    reporters: ["default", "./tools/testing/closing-line-reporter.ts"],
    pool: "forks",
    // Most tests wait for processes and servers that they start: one worker for each of two cores, where vitest would leave one core to itself.
    maxWorkers: 2,
    // What tests start, hundreds of processes, compile the same modules: half of what starting a child costs.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "watersmeet-test-compile-cache") },
    // Tests wait for conditions, never for a time. These ends are for what hangs: ten times what a slow machine needs for the longest test.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
  },
});
