/** One check of `pnpm check`: a command, and how many things its output says it looked at. */
export interface CheckStep {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Reads the count from the output; `undefined` when the output does not say, which fails the check. */
  readonly count: (output: string) => number | undefined;
  /** What is counted, for the summary. */
  readonly unit: string;
}

/** A check that looked at nothing must not be green: each one proves by a count that it saw the tree. */
export const checkSteps: readonly CheckStep[] = [
  {
    name: "format",
    command: ["oxfmt", "--check"],
    count: matchCount(/on (\d+) files/),
    unit: "files",
  },
  {
    name: "lint",
    command: ["oxlint", "--type-aware"],
    count: matchCount(/on (\d+) files/),
    unit: "files",
  },
  {
    name: "types",
    command: ["node", "tools/check/check-types.ts"],
    count: matchCount(/^(\d+) files type-checked$/m),
    unit: "files",
  },
  {
    name: "import map",
    command: [
      "depcruise",
      "packages/core/src",
      "packages/runtime/src",
      "packages/ui-server/src",
      "--config",
      ".dependency-cruiser.mjs",
    ],
    count: matchCount(/\((\d+) modules,/),
    unit: "modules",
  },
  {
    name: "dead code",
    command: ["node", "tools/check/check-dead-code.ts"],
    count: matchCount(/^(\d+) files searched for dead code$/m),
    unit: "files",
  },
  {
    name: "tests",
    command: ["vitest", "run"],
    count: matchCount(/^(\d+) passed, \d+ failed/m),
    unit: "tests",
  },
];

function matchCount(pattern: RegExp): (output: string) => number | undefined {
  return (output) => {
    const digits = pattern.exec(output)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
}
