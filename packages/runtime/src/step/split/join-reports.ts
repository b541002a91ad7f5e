import { WatersmeetError } from "@watersmeet/core/errors";
import type { GateFailure } from "@watersmeet/core/gate";
import { compareStrings, stableJson, type Json } from "@watersmeet/core/values";
import type { AttemptReport } from "../../child/protocol.ts";

/**
 * What the slices of a step told beside their rows, as one. Facts that are equal in all of them stand once, others as a list of what each slice told. A cursor
 * and what is promised of rows to come are of the version as a whole: there the slices must agree.
 * @throws {OUTPUT_INVALID}
 */
export function joinReports(reports: readonly AttemptReport[], name: string): AttemptReport {
  const cursors = listDistinct(reports.map((report) => ("checkpoint" in report ? [report.checkpoint ?? null] : [])));
  if (cursors.length > 1) throw disagree(name, "set different cursors with ctx.checkpoint");
  const promises = listDistinct(reports.map(({ promise }) => (promise === null ? null : { ...promise })));
  if (promises.length > 1) throw disagree(name, "promised different things with ctx.watermark or ctx.finish");
  const [first] = reports;
  return {
    facts: joinFacts(reports),
    promise: first?.promise ?? null,
    ...(first !== undefined && "checkpoint" in first ? { checkpoint: first.checkpoint } : {}),
  };
}

function joinFacts(reports: readonly AttemptReport[]): AttemptReport["facts"] {
  const names = [...new Set(reports.flatMap(({ facts }) => Object.keys(facts)))].sort(compareStrings);
  return Object.fromEntries(
    names.map((name): [string, Json] => {
      const told = reports.flatMap(({ facts }) => (Object.hasOwn(facts, name) ? [facts[name] ?? null] : []));
      const [only, ...others] = listDistinct(told);
      return [name, only !== undefined && others.length === 0 ? only : told];
    }),
  );
}

function listDistinct(values: readonly Json[]): readonly Json[] {
  return [...new Map(values.map((value) => [stableJson(value), value])).values()];
}

function disagree(name: string, what: string): WatersmeetError {
  return new WatersmeetError("OUTPUT_INVALID", `the slices of ${name} ${what}`, {
    hint: "These are of the version as a whole. Say the same in every slice, or take splittable away from the asset.",
  });
}

/** Rows that are shown of a check. */
const shownRows = 5;

/** What the schema said of the rows of several slices, as if one had seen them all: by falling count of rows, then by id. */
export function joinRowFailures(failures: readonly GateFailure[]): readonly GateFailure[] {
  const groups = Map.groupBy(failures, ({ id }) => id);
  const joined = [...groups.values()].flatMap(([first, ...others]): readonly GateFailure[] => {
    if (first === undefined) return [];
    const all = [first, ...others];
    return [
      {
        ...first,
        failedRows: all.reduce((sum, { failedRows }) => sum + failedRows, 0),
        sample: all.flatMap(({ sample }) => sample).slice(0, shownRows),
      },
    ];
  });
  return joined.sort((a, b) => b.failedRows - a.failedRows || compareStrings(a.id, b.id));
}
