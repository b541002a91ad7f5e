import { WatersmeetError } from "@watersmeet/core/errors";
import type { RevokeRequest } from "@watersmeet/runtime";
import { z } from "zod";
import { requireMerge } from "../../../read/merges/find-merge.ts";
import { toOrderDto } from "../../../read/merges/order-dto.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { giveOrder, type GivenOrder, type MergeOrderRequest } from "../../orders/give-order.ts";
import { nameBatches } from "../../orders/name-batches.ts";
import { openDesk, pathOf, type OpenDesk } from "../../orders/open-desk.ts";
import { followedExitCodes } from "../../progress/follow-run.ts";
import { orderInput, orderJson, orderOptions, orderParts } from "./order-parts.ts";

export const definition: CommandDefinition = {
  name: "revoke",
  summary: "Takes batches of a merge back, and makes a new version from what remains",
  description:
    "Name batches, or a branch with a range of its cursor or event times, or a run whose deliveries are to go. Later work is no obstacle, and nothing else moves. " +
    "A batch that was not seen yet will not count when it comes. What was revoked returns only as a new generation of its batch.",
  arguments: [
    { name: "merge", description: "the merge's key", isRequired: true },
    { name: "batch", description: "ids of batches, or their first digits", isRequired: false, isVariadic: true },
  ],
  options: [
    { flags: "--source <branch>", description: "batches of this branch" },
    { flags: "--from <bound>", description: "with --source: from this cursor or event time on" },
    { flags: "--to <bound>", description: "with --source: up to this cursor or event time, included" },
    { flags: "--run <id>", description: "batches whose delivery this run made" },
    { flags: "--dry-run", description: "tell what would be done, and do nothing" },
    ...orderOptions,
  ],
  examples: [
    "watersmeet revoke airports 3f2a91c0d1e2 --reason 'the file was cut off'",
    "watersmeet revoke airports --source faa --from 2001-02-01 --to 2001-02-03 --reason 'wrong time zone' --dry-run",
    "watersmeet revoke airports --run 0196b2c4 --reason 'a bad deployment'",
  ],
  json: orderJson,
  exitCodes: followedExitCodes,
};

const input = z.strictObject({
  merge: z.string(),
  batch: z.array(z.string()).default([]),
  source: z.string().exactOptional(),
  from: z.string().exactOptional(),
  to: z.string().exactOptional(),
  run: z.string().exactOptional(),
  dryRun: z.boolean().default(false),
  ...orderInput,
});

export async function run(request: z.output<typeof input>, deps: CommandDeps): Promise<GivenOrder> {
  await using desk = await openDesk(deps);
  const { merge, reason, wait, dryRun } = request;
  const body = { what: await readWhat(desk, request), reason, dryRun };
  const order: MergeOrderRequest = {
    path: pathOf(["merges", merge, "revoke"]),
    body,
    ask: async (watersmeet) => {
      const { key } = requireMerge(watersmeet, merge);
      return toOrderDto(await watersmeet.merges.revoke({ ...body, asset: key, by: deps.requestedBy }));
    },
  };
  return await giveOrder(desk, { order, waits: wait, isDryRun: dryRun }, deps);
}

/** @throws {USAGE_INVALID} unless exactly one way of naming batches is used */
async function readWhat(
  desk: OpenDesk,
  { merge, batch, source, from, to, run }: z.output<typeof input>,
): Promise<RevokeRequest["what"]> {
  const ways = [batch.length > 0, source !== undefined, run !== undefined].filter(Boolean).length;
  if (ways !== 1 || (source === undefined && (from !== undefined || to !== undefined))) {
    throw new WatersmeetError("USAGE_INVALID", "What is to be revoked is named in no way, or in several", {
      hint: "Name batches, or --source <branch> with --from and --to, or --run <id>",
    });
  }
  if (source !== undefined) return { kind: "source", branch: source, from: from ?? null, to: to ?? null };
  if (run !== undefined) return { kind: "run", runId: run };
  return { kind: "batches", batchIds: await nameBatches(desk, { merge, names: batch }) };
}

export const revokeCommand = bindCommand({
  definition,
  input,
  run,
  ...orderParts({ done: "Revoked", toDo: "Would revoke", withoutBatches: "No batch is meant" }),
});
