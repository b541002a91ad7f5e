import { getRun } from "../../read/list-runs.ts";
import type { OrderDto } from "../../read/merges/order-dto.ts";
import { refuseWhenInterrupted, type CommandDeps } from "../deps.ts";
import { followRun, type FollowedRun } from "../progress/follow-run.ts";
import { answers, type DeskOrder, type OpenDesk } from "./open-desk.ts";

/** An order, and the run that carried it out; `followed` is `null` when nothing had to run, or nobody waited. */
export interface GivenOrder {
  readonly order: OrderDto;
  readonly followed: FollowedRun | null;
  readonly isDryRun: boolean;
}

/** An order whose answer is known. */
export type MergeOrderRequest = Omit<DeskOrder<OrderDto>, "loadSchema">;

interface Giving {
  readonly order: MergeOrderRequest;
  readonly waits: boolean;
  readonly isDryRun?: boolean;
}

/** Gives an order and follows the run that carries it out. */
export async function giveOrder(
  desk: OpenDesk,
  { order, waits, isDryRun = false }: Giving,
  deps: CommandDeps,
): Promise<GivenOrder> {
  refuseWhenInterrupted(deps);
  const given = await desk.give({ ...order, loadSchema: answers.order });
  if (given.run === null || !waits || isDryRun) return { order: given, followed: null, isDryRun };
  const watersmeet = await desk.project();
  const run = await getRun(watersmeet.ledger, given.run.id);
  return { order: given, followed: await followRun(watersmeet, run, deps), isDryRun };
}
