import { z } from "zod";
import type { CommandParts, OptionDefinition } from "../../command.ts";
import type { GivenOrder } from "../../orders/give-order.ts";
import { exitCodeOf } from "../../progress/follow-run.ts";
import { renderGivenOrder, type OrderVerb } from "../../render/merges/order.ts";

/** What commands that give orders have in common: waiting, wording, and the end of the process. */
export function orderParts(
  verb: OrderVerb,
): Pick<CommandParts<never, GivenOrder>, "render" | "toJson" | "exitCode" | "handlesInterrupt"> {
  return {
    handlesInterrupt: true,
    render: (given, style) => renderGivenOrder(given, verb, style),
    toJson: ({ order, followed }) => ({
      ...order,
      run: followed?.run ?? order.run,
      summary: followed?.summary ?? null,
    }),
    exitCode: ({ followed }) => (followed === null ? 0 : exitCodeOf(followed)),
  };
}

export const orderJson =
  "{ batches: Batch[], partitions, descendants, run: Run | null, summary: RunSummary | null, stayOut: Batch[] }";

export const orderOptions: readonly OptionDefinition[] = [
  { flags: "--reason <text>", description: "why; kept in the audit trail (required)" },
  { flags: "--no-wait", description: "do not follow the run that carries it out" },
];

/** `wait` is commander's: true unless --no-wait is given. */
export const orderInput = {
  reason: z.string({ error: "is required: --reason 'why this is done'" }).trim().min(1, "is required: say why"),
  wait: z.boolean().default(true),
} as const;
