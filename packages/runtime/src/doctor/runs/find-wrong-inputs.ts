import { listOrdinals } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { getPartitionOf } from "../../queue/shape/run-shape.ts";
import { violation, type Violation } from "../violations.ts";
import { listRead } from "./find-misplaced-steps.ts";
import { isGood, type RunPicture } from "./run-picture.ts";

/**
 * I5: whether every version that a run made was made from what the run made before it. Versions are compared by their content, as plans do: an older record
 * with the same rows is the same input.
 */
export async function findWrongInputs(
  tx: Transaction<LedgerDatabase>,
  picture: RunPicture,
): Promise<readonly Violation[]> {
  const made = await readMade(tx, picture);
  const found: Violation[] = [];
  for (const asset of picture.shape.assets) {
    const inputs = asset.inputs.filter((input) => input.from !== null && !input.isLeg);
    if (inputs.length === 0) continue;
    for (let ordinal = asset.firstStep; ordinal < asset.firstStep + asset.partitions.count; ordinal++) {
      const version = made.get(ordinal);
      if (version === undefined || picture.states[ordinal] !== "succeeded") continue;
      const own = getPartitionOf(asset, ordinal);
      for (const input of inputs) {
        const read = new Set(version.inputs[input.planned.position] ?? []);
        const ordinals = listOrdinals(listRead(picture, input, own));
        const wanted = [...ordinals].filter((upstream) => isGood(picture.states[upstream]));
        const unread = wanted.find((upstream) => !read.has(made.get(upstream)?.digest ?? ""));
        if (unread === undefined) continue;
        const partition = asset.space.keyAt(own);
        const message = `version ${version.version} of ${asset.key} was not made from what step ${unread} of its run made of ${input.planned.asset}`;
        found.push(violation("INPUT_DIFFERS", { run: picture.id, ordinal, asset: asset.key, partition }, message));
      }
    }
  }
  return found;
}

interface Made {
  readonly ordinal: number;
  readonly version: number;
  readonly digest: string;
  /** Digests of what was read, by position. */
  readonly inputs: Readonly<Record<string, readonly string[]>>;
}

async function readMade(tx: Transaction<LedgerDatabase>, { id }: RunPicture): Promise<ReadonlyMap<number, Made>> {
  const { rows } = await sql<Made>`
    select step.ordinal, made.version, made.data_digest as digest, coalesce(inputs.digests, '{}') as inputs
    from watersmeet.step join watersmeet.materialization as made on made.id = step.materialization_id
    left join lateral (
      select json_object_agg(position, digests) as digests from (
        select input.position, json_agg(read.data_digest) as digests
        from unnest(made.input_positions, made.input_ids) as input (position, id)
        join watersmeet.materialization as read on read.id = input.id group by input.position) as by_position) as inputs on true
    where step.run_id = ${id}`.execute(tx);
  return new Map(rows.map((row) => [row.ordinal, row]));
}
