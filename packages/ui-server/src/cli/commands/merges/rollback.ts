import { z } from "zod";
import { somePartition } from "../../../read/merges/find-merge.ts";
import { toOrderDto } from "../../../read/merges/order-dto.ts";
import { requireAsset } from "../../../read/require-asset.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { giveOrder, type GivenOrder, type MergeOrderRequest } from "../../orders/give-order.ts";
import { openDesk, pathOf } from "../../orders/open-desk.ts";
import { followedExitCodes } from "../../progress/follow-run.ts";
import { parseTarget } from "../../server/target.ts";
import { orderInput, orderJson, orderOptions, orderParts } from "./order-parts.ts";

export const definition: CommandDefinition = {
  name: "rollback",
  summary: "Gives readers what an asset's earlier version had",
  description:
    "Of a merge: what was admitted since that version is revoked, and a new version is made. Of another asset: its head moves back and stays there until the asset is run with --force. " +
    "It is refused when other assets were built from what would go, unless --cascade says what becomes of them.",
  arguments: [{ name: "asset", description: "an asset's key, or asset@partition", isRequired: true }],
  options: [
    { flags: "--to <version>", description: "the version (required); why and the web app list them" },
    {
      flags: "--cascade <how>",
      description: "run: build again what was made from it; leave-stale: leave it, marked stale",
    },
    ...orderOptions,
  ],
  examples: [
    "watersmeet rollback airports --to 3 --reason 'yesterday was right'",
    "watersmeet rollback dailyDelays@2001-02-14 --to 1 --cascade run --reason 'bad weather data'",
  ],
  json: orderJson,
  exitCodes: { ...followedExitCodes, 2: "no such asset or version", 3: "other assets were built from what would go" },
};

const input = z.strictObject({
  asset: z.string(),
  to: z.coerce.number({ error: "is required: --to 3" }).int().min(0),
  cascade: z.enum(["run", "leave-stale"]).exactOptional(),
  ...orderInput,
});

const cascades = { run: "run", "leave-stale": "leaveStale" } as const;

export async function run(request: z.output<typeof input>, deps: CommandDeps): Promise<GivenOrder> {
  await using desk = await openDesk(deps);
  const { to, cascade, reason, wait } = request;
  const { asset, partition } = parseTarget(request.asset);
  const terms = { to, reason, cascade: cascade === undefined ? "refuse" : cascades[cascade] } as const;
  const order: MergeOrderRequest = {
    path: pathOf(["assets", asset, "rollback"]),
    body: { ...terms, ...(partition !== null && { partition }) },
    ask: async (watersmeet) => {
      const found = requireAsset(watersmeet.project().graph, asset);
      const where = { asset: found.key, ...somePartition(found, partition) };
      return toOrderDto(await watersmeet.merges.rollback({ ...terms, ...where, by: deps.requestedBy }));
    },
  };
  return await giveOrder(desk, { order, waits: wait }, deps);
}

export const rollbackCommand = bindCommand({
  definition,
  input,
  run,
  ...orderParts({ done: "Rolled back, revoking", toDo: "Would revoke", withoutBatches: "Rolled back" }),
});
