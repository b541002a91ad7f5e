import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** A workspace in small, under the real settings: what the checks say of it they would say of ours. */
const smallTree: Readonly<Record<string, string>> = {
  "packages/core/src/errors/index.ts": `export { complain } from "./complain.ts";\n`,
  "packages/core/src/errors/complain.ts": `/** Words a complaint. */\nexport function complain(what: string): string {\n  return \`cannot \${what}\`;\n}\n`,
  "packages/core/src/plan/index.ts": `export { plan } from "./plan.ts";\n`,
  "packages/core/src/plan/plan.ts": `import { complain } from "../errors/complain.ts";\n\nexport function plan(): string {\n  return complain("plan");\n}\n`,
  "packages/core/src/plan/plan.test.ts": `import { expect, test } from "vitest";\nimport { plan } from "./plan.ts";\n\ntest("a plan says what it cannot do", () => {\n  expect(plan()).toBe("cannot plan");\n});\n`,
  "packages/runtime/src/index.ts": `export { run } from "./app/run.ts";\n`,
  "packages/runtime/src/app/run.ts": `import { plan } from "@watersmeet/core/plan";\n\nexport function run(): string {\n  return plan();\n}\n`,
  // The tests' Postgres is started by the runtime's own code.
  "packages/runtime/src/ledger/embedded/embedded-postgres.ts": `/** Does nothing. */\nexport async function openEmbeddedPostgres(folder: string): Promise<{ readonly url: string } & AsyncDisposable> {\n  return { url: folder, [Symbol.asyncDispose]: async () => {} };\n}\n`,
  "packages/ui-server/src/index.ts": `export { serve } from "./http/serve.ts";\n`,
  "packages/ui-server/src/http/serve.ts": `import { run } from "@watersmeet/runtime";\n\nexport function serve(): string {\n  return run();\n}\n`,
};

let tree = "";

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "watersmeet-checks-"));
  const settings = [
    ".gitignore",
    ".oxlintrc.json",
    ".oxfmtrc.json",
    ".dependency-cruiser.mjs",
    "tsconfig.base.json",
    "tsconfig.test.json",
  ];
  for (const path of [
    ...settings,
    "tsconfig.json",
    "vitest.config.ts",
    "package.json",
    "pnpm-workspace.yaml",
    "tools/check",
    "tools/testing",
    "tools/tsconfig.json",
  ]) {
    await cp(join(root, path), join(tree, path), { recursive: true, filter: (source) => !source.endsWith(".test.ts") });
  }
  await plant(
    "knip.json",
    JSON.stringify({
      workspaces: {
        ".": { entry: ["tools/**/*.ts"] },
        "packages/*": { entry: ["src/**/*.test.ts"], project: ["src/**/*.ts"] },
      },
      ignoreDependencies: [".*"],
      ignoreBinaries: [".*"],
    }),
  );
  await symlink(join(root, "node_modules"), join(tree, "node_modules"));
  await mkdir(join(tree, "examples"));
  for (const name of ["core", "runtime", "ui-server"]) {
    for (const file of ["package.json", "tsconfig.json"]) {
      await cp(join(root, "packages", name, file), join(tree, "packages", name, file));
    }
    await mkdir(join(tree, "packages", name, "node_modules/@watersmeet"), { recursive: true });
    for (const other of ["core", "runtime"]) {
      if (other !== name)
        await symlink(join(tree, "packages", other), join(tree, "packages", name, "node_modules/@watersmeet", other));
    }
  }
  for (const [path, text] of Object.entries(smallTree)) await plant(path, text);
  await run("git", ["init", "--quiet"]);
  await run("oxfmt", ["knip.json", "packages"]);
});

afterAll(async () => rm(tree, { recursive: true, force: true }));

interface Violation {
  readonly check: string;
  readonly what: string;
  readonly path: string;
  readonly text: string;
  readonly says: RegExp;
}

const violations: readonly Violation[] = [
  {
    check: "format",
    what: "an unformatted file",
    path: "packages/core/src/plan/plan.ts",
    text: `export   function plan( ) { return 'x' }`,
    says: /plan\.ts/,
  },
  {
    check: "lint",
    what: "a floating promise",
    path: "packages/core/src/plan/plan.ts",
    text: `async function later(): Promise<string> {\n  return Promise.resolve("later");\n}\n\nexport function plan(): string {\n  later();\n  return "cannot plan";\n}\n`,
    says: /no-floating-promises/,
  },
  {
    check: "lint",
    what: "a clock in core",
    path: "packages/core/src/plan/plan.ts",
    text: `export function plan(): string {\n  return String(Date.now());\n}\n`,
    says: /no-restricted-properties/,
  },
  {
    check: "lint",
    what: "a cycle of types",
    path: "packages/core/src/errors/complain.ts",
    text: `import type { plan } from "../plan/plan.ts";\n\nexport type Planner = typeof plan;\n\nexport function complain(what: string): string {\n  return what;\n}\n`,
    says: /no-cycle/,
  },
  {
    check: "types",
    what: "a value of another type",
    path: "packages/core/src/plan/plan.ts",
    text: `export function plan(): string {\n  return 1;\n}\n`,
    says: /TS2322/,
  },
  {
    check: "types",
    what: "a test that does not type-check",
    path: "packages/core/src/plan/plan.test.ts",
    text: `import { test } from "vitest";\nimport { plan } from "./plan.ts";\n\ntest("types", () => {\n  const n: number = plan();\n  return n;\n});\n`,
    says: /TS2322/,
  },
  {
    check: "import map",
    what: "a room that imports to its right",
    path: "packages/core/src/errors/complain.ts",
    text: `export { plan as complain } from "../plan/plan.ts";\n`,
    says: /core\/errors may import only/,
  },
  {
    check: "import map",
    what: "an import around another package's door",
    path: "packages/runtime/src/app/run.ts",
    text: `export { plan as run } from "../../../core/src/plan/plan.ts";\n`,
    says: /enters other packages by their doors/,
  },
  {
    check: "import map",
    what: "a file system in core",
    path: "packages/core/src/plan/plan.ts",
    text: `import { readFileSync } from "node:fs";\n\nexport function plan(): string {\n  return readFileSync("x", "utf8");\n}\n`,
    says: /core is pure/,
  },
  {
    check: "dead code",
    what: "an export that nobody uses",
    path: "packages/core/src/errors/forgotten.ts",
    text: `export const forgotten = 1;\n`,
    says: /forgotten/,
  },
  {
    check: "tests",
    what: "a failing test",
    path: "packages/core/src/plan/plan.test.ts",
    text: `import { expect, test } from "vitest";\n\ntest("one is two", () => {\n  expect(1).toBe(2);\n});\n`,
    says: /0 passed, 1 failed/,
  },
];

describe.each([...new Set(violations.map(({ check }) => check))])("the check %s", (check) => {
  test("is green on a clean tree, and says what it looked at", async () => {
    const { code, output } = await runCheck(check);
    expect(output).toMatch(new RegExp(`ok {4}  ${check}: [1-9]\\d* `));
    expect(code).toBe(0);
  });

  test.each(violations.filter((violation) => violation.check === check))(
    "refuses $what",
    async ({ path, text, says }) => {
      await plant(path, text);
      try {
        const { code, output } = await runCheck(check);
        expect(output).toMatch(says);
        expect(code).toBe(1);
      } finally {
        const clean = smallTree[path];
        await (clean === undefined ? rm(join(tree, path)) : plant(path, clean));
      }
    },
  );
});

test("a check that looks at nothing is red", async () => {
  const { checkSteps } = await import("./steps.ts");
  for (const step of checkSteps)
    expect(step.count("no dependency violations found (0 modules, 0 dependencies cruised)") ?? 0).toBe(0);
});

async function plant(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeFile(join(tree, path), text);
}

function runCheck(name: string): Promise<{ code: number; output: string }> {
  return run(process.execPath, ["tools/check/check.ts", name]);
}

function run(program: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const env = {
    ...process.env,
    PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`,
    DATABASE_URL: "postgres://unused",
    NO_COLOR: "1",
  };
  for (const name of Object.keys(env)) if (name.startsWith("VITEST")) Reflect.deleteProperty(env, name);
  return new Promise((done) => {
    execFile(program, [...args], { cwd: tree, env, maxBuffer: 1 << 24 }, (error, stdout, stderr) =>
      done({
        code: error === null ? 0 : typeof error.code === "number" ? error.code : 1,
        output: `${stdout}${stderr}`,
      }),
    );
  });
}
