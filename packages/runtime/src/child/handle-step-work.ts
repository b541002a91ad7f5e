import { unreachable } from "@watersmeet/core/errors";
import { buildParameters } from "./call/build-parameters.ts";
import { callFunction } from "./call/call-function.ts";
import { createContext, type AttemptContext } from "./call/create-context.ts";
import { runAsset } from "./call/run-asset.ts";
import { findSavedRows, type SavedRows } from "./call/saved-rows.ts";
import { validateRows } from "./call/validate-rows.ts";
import type { Desk } from "./desk.ts";
import { findDefinition } from "./find-definition.ts";
import { reduceCells } from "./merge/reduce-cells.ts";
import { upcastRows } from "./merge/upcast-rows.ts";
import type { AttemptFacts, ChildResult, ChildWork } from "./protocol.ts";
import { compileBranches, compileQuery } from "./query/compile-query.ts";

/** Everything that a step asks of a child: the author's function is found by file and export, and called, or its schema used. */
export async function handleStepWork(
  work: Exclude<ChildWork, { readonly kind: "describe" | "sense" | "probe" }>,
  desk: Desk,
): Promise<ChildResult> {
  const definition = await findDefinition(work.asset, desk.modules);
  if (work.kind === "validate") return validateRows(definition, work.file, desk.signal);
  if (work.kind === "upcast") return upcastRows(work, definition, desk.signal);
  if (work.kind === "reduce") return reduceCells(work, definition, desk.signal);
  const saved = work.kind === "run" ? await findSavedRows(work.savedDirectory) : null;
  const context = contextOf(work.attempt, desk, saved);
  if (work.kind === "run") return runAsset(work, definition, { context, saved });
  const returned = await callFunction(definition, buildParameters(work.arguments, context.ctx));
  const report = context.report();
  switch (work.kind) {
    case "compile":
      return { kind: "compiled", query: compileQuery(returned, work.arguments), report };
    case "compileMerge":
      return { kind: "compiledMerge", branches: compileBranches(returned, work.arguments), report };
    default:
      return unreachable(work);
  }
}

function contextOf(attempt: AttemptFacts, { reporter, signal }: Desk, saved: SavedRows | null): AttemptContext {
  return createContext({ attempt, reporter, env: process.env, signal, saved });
}
