import { WatersmeetError } from "@watersmeet/core/errors";
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

const parameters = [
  { name: "merge", description: "the merge's key", isRequired: true },
  { name: "batch", description: "ids of held batches, or their first digits", isRequired: false, isVariadic: true },
] as const;

const all = { flags: "--all", description: "every batch of the merge that is held" } as const;

export const reconcileDefinition: CommandDefinition = {
  name: "late reconcile",
  summary: "Lets held batches count, and makes the new version",
  description:
    "The decision is recorded with its reason before anything moves. However many batches, what they belong to runs once. " +
    "Afterwards the table is as if they had come in time.",
  arguments: parameters,
  options: [all, { flags: "--override-closed", description: "also rows of a closed period" }, ...orderOptions],
  examples: [
    "watersmeet late reconcile airports 3f2a91c0d1e2 --reason 'the feed was down, and is complete now'",
    "watersmeet late reconcile airports --all --reason 'month end'",
  ],
  json: orderJson,
  exitCodes: { ...followedExitCodes, 3: "a batch is of a closed period, or the sources have problems" },
};

export const rejectDefinition: CommandDefinition = {
  name: "late reject",
  summary: "Declares that held batches will not count; they stay on record",
  description: "A rejected batch is never admitted any more. Its rows stay readable: late show.",
  arguments: parameters,
  options: [all, ...orderOptions],
  examples: ["watersmeet late reject airports 3f2a91c0d1e2 --reason 'sent by a test system'"],
  json: orderJson,
  exitCodes: followedExitCodes,
};

const input = z.strictObject({
  merge: z.string(),
  batch: z.array(z.string()).default([]),
  all: z.boolean().default(false),
  ...orderInput,
});

const reconcileInput = input.extend({ overrideClosed: z.boolean().default(false) });

export async function runReconcile(request: z.output<typeof reconcileInput>, deps: CommandDeps): Promise<GivenOrder> {
  await using desk = await openDesk(deps);
  const { merge, reason, wait } = request;
  const held = { batchIds: await nameHeld(desk, request), reason, overridesClosed: request.overrideClosed };
  const order: MergeOrderRequest = {
    path: pathOf(["merges", merge, "reconcile"]),
    body: held,
    ask: async (watersmeet) => {
      const { key } = requireMerge(watersmeet, merge);
      return toOrderDto(await watersmeet.merges.reconcile({ ...held, asset: key, by: deps.requestedBy }));
    },
  };
  return await giveOrder(desk, { order, waits: wait }, deps);
}

export async function runReject(request: z.output<typeof input>, deps: CommandDeps): Promise<GivenOrder> {
  await using desk = await openDesk(deps);
  const { merge, reason, wait } = request;
  const held = { batchIds: await nameHeld(desk, request), reason };
  const order: MergeOrderRequest = {
    path: pathOf(["merges", merge, "reject"]),
    body: held,
    ask: async (watersmeet) => {
      const { key } = requireMerge(watersmeet, merge);
      return toOrderDto(await watersmeet.merges.reject({ ...held, asset: key, by: deps.requestedBy }));
    },
  };
  return await giveOrder(desk, { order, waits: wait }, deps);
}

/** @throws {USAGE_INVALID} unless batches are named, or all of them are meant */
async function nameHeld(
  desk: OpenDesk,
  { merge, batch, all }: Pick<z.output<typeof input>, "merge" | "batch" | "all">,
): Promise<readonly string[] | "all"> {
  if (all !== batch.length > 0) return all ? "all" : nameBatches(desk, { merge, names: batch });
  throw new WatersmeetError("USAGE_INVALID", all ? "Batches are named, and --all is given" : "No batch is named", {
    hint: `Name batches, or give --all: watersmeet late list ${merge}`,
  });
}

export const reconcileLateCommand = bindCommand({
  definition: reconcileDefinition,
  input: reconcileInput,
  run: runReconcile,
  ...orderParts({ done: "Admitted", toDo: "Would admit", withoutBatches: "Nothing is held" }),
});

export const rejectLateCommand = bindCommand({
  definition: rejectDefinition,
  input,
  run: runReject,
  ...orderParts({ done: "Rejected", toDo: "Would reject", withoutBatches: "Nothing is held" }),
});
