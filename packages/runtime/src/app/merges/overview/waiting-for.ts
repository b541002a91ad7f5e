import type { Cut } from "@watersmeet/core/merge";
import { createPlanningState, type StateSnapshot } from "@watersmeet/core/plan";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { listOpenPlaces, type OpenPlace } from "../../../ledger/open-places.ts";
import { readState } from "../../runs/make-plan.ts";
import { nameOf, type DeskMerge, type DeskParts } from "../merge-subject.ts";
import { explainIncomplete, explainOverdue } from "./explain-legs.ts";
import type { MergePartitionOverview } from "./merge-overview.ts";

/** What each partition of a merge waits for, from one look at the ledger. */
export interface Waiting {
  /** Names of the merge's branches, in their order. */
  readonly branches: readonly string[];
  /** Partitions that have no version yet, of which a branch has something. */
  listWaiting(): readonly PartitionKey[];
  /** By branch: sentences. `cut`: what the version joined; `null`: there is none. */
  explain(partition: PartitionKey, cut: Cut | null): MergePartitionOverview["waitingFor"];
}

/** One partition of one input of one branch. */
interface Read {
  readonly branch: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly isOptional: boolean;
}

export async function createWaiting(parts: DeskParts, merge: DeskMerge): Promise<Waiting> {
  const { graph } = merge.project;
  const plans = { pool: parts.connections.pool, stores: parts.stores, environment: merge.environment };
  const upstream = [...new Set((graph.upstream.get(merge.key) ?? []).map((edge) => edge.from))];
  const snapshot = await readState(plans, merge.project, [merge.key, ...upstream]);
  const state = createPlanningState({ graph, snapshot, now: new Date() });
  const { space, reads } = state.stateOf(merge.key);
  const open = new Map(
    (await listOpenPlaces(parts.connections.db, merge.environment, upstream)).map((each) => [
      placeKey(each.asset, each.partition),
      each,
    ]),
  );
  const listReads = (partition: PartitionKey): readonly Read[] => {
    const ordinal = space.ordinalOf(partition);
    if (ordinal === undefined) return [];
    return reads.flatMap(({ edge, mapping }) =>
      mapping.toUpstream([ordinal, ordinal + 1]).flatMap(([from, to]) => {
        const { keys } = state.stateOf(edge.from);
        return keys.slice(from, to).map((key) => ({
          branch: edge.name,
          asset: edge.from,
          partition: key,
          isOptional: edge.isOptional,
        }));
      }),
    );
  };
  const hasHead = ({ asset, partition }: Pick<Read, "asset" | "partition">): boolean =>
    snapshot.heads.get(asset)?.has(partition) === true;
  return {
    branches: [...new Set(reads.map(({ edge }) => edge.name))],
    listWaiting() {
      const all = Array.from({ length: space.size }, (_, ordinal) => space.keyAt(ordinal));
      return all.filter(
        (partition) => !hasHead({ asset: merge.key, partition }) && listReads(partition).some((read) => isMoving(read)),
      );
    },
    explain(partition, cut) {
      const said = listReads(partition).flatMap((read) => {
        const why = explainRead(read, { cut, snapshot, open: open.get(placeKey(read.asset, read.partition)) });
        return why === null ? [] : [{ branch: read.branch, why }];
      });
      const isNewer = new Set(said.map(({ branch }) => branch));
      const ordinal = space.ordinalOf(partition);
      const until = ordinal === undefined ? null : (space.windowOf(ordinal)?.end ?? null);
      const required = merge.terms.wait?.required ?? [];
      const legs = (cut?.legs ?? []).filter(({ branch }) => !isNewer.has(branch));
      return [...said, ...explainOverdue(legs, state.now), ...explainIncomplete(cut, legs, { until, required })];
    },
  };

  function isMoving(read: Read): boolean {
    return hasHead(read) || open.has(placeKey(read.asset, read.partition));
  }
}

function placeKey(asset: AssetKey, partition: PartitionKey): string {
  return JSON.stringify([asset, partition]);
}

/** Why the newest work of an input is not in the version; `null`: it is. */
function explainRead(
  { asset, partition, isOptional }: Read,
  now: { readonly cut: Cut | null; readonly snapshot: StateSnapshot; readonly open: OpenPlace | undefined },
): string | null {
  const name = nameOf(asset, partition);
  const head = now.snapshot.heads.get(asset)?.get(partition);
  const joined = now.cut?.legs
    .flatMap((leg) => leg.inputs)
    .find((input) => input.asset === asset && input.partition === partition);
  const { open } = now;
  if (open?.state === "running") return `${name} is being made in run ${open.runId}.`;
  if (open?.state === "open") return `${name} waits to be made in run ${open.runId}.`;
  if (open?.state === "failed") {
    const kept = joined === undefined ? "" : `; version ${joined.version} of it is joined`;
    return `${name} failed in run ${open.runId}${open.message === null ? "" : `: ${open.message}`}${kept}.`;
  }
  if (head === undefined) return isOptional ? null : `${name} has no version yet.`;
  if (joined === undefined) return now.cut === null ? null : `${name} is published, and not joined yet.`;
  if (joined.commitId === head.commitId || joined.dataDigest === head.dataDigest) return null;
  return `${name} has something newer than version ${joined.version}, which is joined.`;
}
