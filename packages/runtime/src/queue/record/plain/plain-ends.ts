import type { NewEvent } from "../../../ledger/events.ts";
import type { RunId } from "../../../ledger/records.ts";
import type { StepOutcome } from "../../../step/step.ts";
import type { HeldStep } from "../../claim/take-ready.ts";
import { getAssetOf, type ShapeAsset } from "../../shape/run-shape.ts";
import type { StoredShape } from "../../shape/shape-cache.ts";
import type { EndedAttempt } from "../accepted-attempt.ts";
import { isMerge } from "../insert-versions.ts";
import type { PlainRuns } from "./plain-runs.ts";

type Committed = Extract<StepOutcome, { kind: "committed" }>;

/** An attempt of which there is nothing to say but that it has committed. */
export interface PlainEnd {
  readonly step: HeldStep;
  readonly ended: EndedAttempt;
  readonly outcome: Committed;
  readonly commit: Committed["commit"];
  readonly asset: ShapeAsset;
  /** Whether its row is still to be made. */
  readonly isHeld: boolean;
}

/** Those that are held without rows first; `null` when one of them is not plain, or of another run or worker. */
export function listPlainEnds(
  ended: readonly EndedAttempt[],
  { shape, plain }: { readonly shape: StoredShape; readonly plain: PlainRuns },
): readonly PlainEnd[] | null {
  const held: PlainEnd[] = [];
  const claimed: PlainEnd[] = [];
  const [first] = ended;
  for (const each of ended) {
    const { step, outcome } = each;
    if (outcome.kind !== "committed" || outcome.commit.isReplay || isMerge(outcome.facts)) return null;
    if (step.runId !== first?.step.runId || each.workerId !== first.workerId || each.orders !== null) return null;
    const asset = getAssetOf(shape, step.ordinal);
    if ((shape.positions[asset.position]?.resources.length ?? 0) > 0) return null;
    const isHeld = step.hold !== undefined && plain.countHeld(step.runId, step.hold) > 0;
    (isHeld ? held : claimed).push({ step, ended: each, outcome, commit: outcome.commit, asset, isHeld });
  }
  return [...held, ...claimed];
}

/** Ends of one asset. */
export interface EndGroup {
  readonly asset: ShapeAsset;
  readonly ends: readonly PlainEnd[];
}

export function groupEnds(ends: readonly PlainEnd[]): readonly EndGroup[] {
  const groups = new Map<number, { readonly asset: ShapeAsset; readonly ends: PlainEnd[] }>();
  for (const end of ends) {
    const group = groups.get(end.asset.position);
    if (group === undefined) groups.set(end.asset.position, { asset: end.asset, ends: [end] });
    else group.ends.push(end);
  }
  return [...groups.values()];
}

/** As `describeMoves` tells them. */
export function describePlainEnds(
  groups: readonly EndGroup[],
  { runId, environment }: { readonly runId: RunId; readonly environment: string },
): readonly NewEvent[] {
  return groups.flatMap(({ asset, ends }): readonly NewEvent[] => {
    const [only] = ends;
    const place = {
      runId,
      asset: asset.key,
      ...(only === undefined || ends.length > 1 ? {} : { partition: only.step.partition }),
    };
    return [
      { kind: "step:finished", ...place, body: { state: "succeeded", count: ends.length } },
      { kind: "head:moved", ...place, body: { environment, count: ends.length } },
    ];
  });
}
