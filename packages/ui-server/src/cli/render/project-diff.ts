import type { ProjectDiff } from "../dev/diff-projects.ts";
import { renderProblems } from "./problems.ts";
import { countOf } from "./quantities.ts";
import type { Style } from "./style.ts";

export interface DiffView {
  readonly root: string;
  /** Assets that have work now, the changed ones and what reads them; `null` while the project has problems. */
  readonly staleCount: number | null;
}

export function renderProjectDiff(diff: ProjectDiff, view: DiffView, style: Style): string {
  const lines = [
    ...diff.added.map((asset) => style.green(`+ ${asset}`)),
    ...diff.removed.map((asset) => style.red(`- ${asset}`)),
    ...diff.changed.map(({ asset, what }) => style.yellow(`~ ${asset}: ${what.join(", ")} changed`)),
  ];
  if (diff.newProblems.length > 0) lines.push(renderProblems(diff.newProblems, view.root, style));
  if (diff.solvedCount > 0) lines.push(style.green(`${countOf(diff.solvedCount, "problem")} solved`));
  if (view.staleCount !== null && view.staleCount > 0) {
    lines.push(
      style.dim(`${countOf(view.staleCount, "asset")} out of date; nothing runs by itself: watersmeet run '*'`),
    );
  }
  return lines.join("\n");
}
