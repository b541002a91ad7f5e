import type { ErrorCode } from "../../errors/codes.ts";
import type { CallSite, Expr } from "../facts/file-facts.ts";
import { callKey, type Declared } from "./find-assets.ts";
import { groupMaker, isAssetMaker, triggerMakers } from "./framework.ts";
import { report, type Linking } from "./linking.ts";
import { reduceValue } from "./reduce-value.ts";

/**
 * The catch-all that keeps a promise: no construct is silently ignored. Every call and other use of a function that makes assets is either
 * part of an asset that was found, or a problem.
 */
export function reportStrayCalls(linking: Linking, declared: Declared): void {
  for (const [file, { facts }] of linking.files) {
    for (const [path, sites] of Object.entries(facts.calls)) {
      const maker = findMaker(linking, path, file);
      if (maker === null || maker === "*") continue;
      for (const site of sites) if (!isAccounted(declared, file, site)) reportCall(linking, maker, { file, site });
    }
    for (const [path, starts] of Object.entries(facts.uses)) {
      const maker = findMaker(linking, path, file);
      if (maker === null) continue;
      const aliases = new Set(Object.values(facts.values).map(({ value }) => startOfPath(value)));
      for (const start of starts) if (!aliases.has(start)) reportUse(linking, maker, { file, start, path });
    }
  }
}

/** The function that a path names when it makes assets; `*` for the whole framework passed on as a value. */
function findMaker(linking: Linking, path: string, file: string): string | null {
  const [root = "", member] = path.split(".", 2);
  const at = [0, 0] as const;
  const ref: Expr = { kind: "ref", name: root, at };
  const head = reduceValue(linking, member === undefined ? ref : { kind: "member", of: ref, name: member, at }, {
    file,
    env: null,
  });
  if (head.kind !== "framework") return null;
  const isMaker = isAssetMaker(head.name) || triggerMakers.has(head.name) || head.name === groupMaker;
  return isMaker || head.name === "*" ? head.name : null;
}

function isAccounted({ reachedCalls, reportedSpans }: Declared, file: string, [start, end]: CallSite): boolean {
  if (reachedCalls.has(callKey(file, start))) return true;
  return (reportedSpans.get(file) ?? []).some(([from, to]) => from <= start && end <= to);
}

/** Where an alias of the function starts, `const define = asset`, whose own calls are followed. */
function startOfPath(value: Expr): number | null {
  return value.kind === "ref" || value.kind === "member" ? value.at[0] : null;
}

const findings: Readonly<
  Record<CallSite[2], { readonly code: ErrorCode; readonly where: string; readonly hint: string }>
> = {
  0: {
    code: "ANALYZE_ASSET_UNNAMED",
    where: "where no export receives its result by a plain name",
    hint: 'Give each asset an export of its own, or make a group: assets(["eu", "us"], (key) => …)',
  },
  1: {
    code: "ANALYZE_ASSET_IN_LOOP",
    where: "in a loop",
    hint: 'Make a group: export const regions = assets(["eu", "us"], (key) => …)',
  },
  2: {
    code: "ANALYZE_ASSET_IN_UNUSED_FUNCTION",
    where: "in a function that no export of an asset uses",
    hint: 'Export the result of a factory, export const x = make("x"), or make a group with assets()',
  },
  3: {
    code: "ANALYZE_FACTORY_RETURNS",
    where: "in a function that returns in several places",
    hint: "Return once, so that what the function makes is known without running it",
  },
};

function reportCall(linking: Linking, maker: string, { file, site }: { file: string; site: CallSite }): void {
  const [start, end, surroundings] = site;
  const { code, where, hint } = findings[surroundings];
  const name = maker === groupMaker ? "assets" : maker;
  report(linking, {
    code,
    message: `${name}() is called ${where}`,
    hint,
    file,
    at: firstLine(linking, file, [start, end]),
  });
}

/** A call may span many lines: its name says enough. */
function firstLine(linking: Linking, file: string, [start, end]: readonly [number, number]): readonly [number, number] {
  const next = linking.files.get(file)?.facts.lineStarts.find((line) => line > start);
  return next !== undefined && next < end ? [start, next - 1] : [start, end];
}

function reportUse(
  linking: Linking,
  maker: string,
  { file, start, path }: { file: string; start: number; path: string },
): void {
  report(linking, {
    code: "ANALYZE_ASSET_FUNCTION_AS_VALUE",
    message:
      maker === "*"
        ? `the whole of @watersmeet/core is used as a value here`
        : `\`${path}\` is used as a value here, so what it makes cannot be followed`,
    hint: "Call it where an export receives the asset: export const orders = asset({ … }, …)",
    file,
    at: [start, start + path.length],
  });
}
