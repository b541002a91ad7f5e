import type { CutLeg } from "@watersmeet/core/merge";
import type { CutFrame } from "../../stores/port/staged-merge.ts";
import type { StepWork } from "../step-work.ts";
import type { InputCommits } from "./input-commits.ts";
import type { BoundBranch } from "./list-deliveries.ts";

/** Adds to each leg how often something is expected of what it reads, and when something last came. Of several inputs the one that is due first counts. */
export function withCadence(
  legs: CutFrame["legs"],
  branches: readonly BoundBranch[],
  context: { readonly work: StepWork; readonly commits: InputCommits },
): CutFrame["legs"] {
  return Object.fromEntries(
    Object.entries(legs).map(([name, leg]): [string, CutFrame["legs"][string]] => {
      const cadence = findCadence(
        branches.find(({ compiled }) => compiled.name === name),
        context,
      );
      return [name, cadence === undefined ? leg : { ...leg, cadence }];
    }),
  );
}

function findCadence(
  branch: BoundBranch | undefined,
  { work, commits }: { readonly work: StepWork; readonly commits: InputCommits },
): CutLeg["cadence"] {
  const expected = (branch?.reads ?? []).flatMap(({ source, pinned }) => {
    const everyMs = work.project.specs.get(source.input.asset.key)?.everyMs ?? null;
    const times = pinned.flatMap(({ commitId }) => commits.get(commitId)?.committedAt ?? []);
    const lastAt = times.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
    return everyMs === null || lastAt === undefined ? [] : [{ everyMs, lastAt }];
  });
  const dueAt = (one: NonNullable<CutLeg["cadence"]>) => Date.parse(one.lastAt) + one.everyMs;
  return expected.toSorted((a, b) => dueAt(a) - dueAt(b))[0];
}
