import type { LimitOrder } from "@watersmeet/runtime";
import { z } from "zod";
import { toLimitDto, type LimitDto } from "../../../read/limit-dto.ts";
import { bindCommand, type CommandDefinition, type OptionDefinition } from "../../command.ts";
import { refuseWhenInterrupted, type CommandDeps } from "../../deps.ts";
import { durationInput } from "../../duration-input.ts";
import { renderLimit } from "../../render/limits.ts";

const resource = { name: "resource", description: "its name in the configuration", isRequired: true };
const reason: OptionDefinition = { flags: "--reason <text>", description: "why; kept in the audit trail (required)" };

export const setLimitDefinition: CommandDefinition = {
  name: "limits set",
  summary: "Puts another limit in the place of the configured one, for all workers",
  description: "Steps that run go on, also above the new limit. The configuration is not changed.",
  arguments: [resource, { name: "units", description: "in use at the same time, at least 1", isRequired: true }],
  options: [{ flags: "--for <time>", description: "30s, 10m, 2h, 1d (default: until another order)" }, reason],
  examples: ["watersmeet limits set crm 1 --for 2h --reason 'their nightly job runs'"],
  json: "{ limit: Limit }",
  exitCodes: {},
};

export const clearLimitDefinition: CommandDefinition = {
  name: "limits clear",
  summary: "Lets the configured limit count again",
  description: "",
  arguments: [resource],
  options: [reason],
  examples: ["watersmeet limits clear crm --reason 'it is over'"],
  json: "{ limit: Limit }",
  exitCodes: {},
};

const common = {
  resource: z.string(),
  reason: z.string({ error: "is required: --reason 'why this is done'" }).trim().min(1, "is required: say why"),
};
const setInput = z.strictObject({
  ...common,
  units: z.coerce.number().int().min(1).max(100_000),
  for: durationInput.exactOptional(),
});

async function give(order: LimitOrder, deps: CommandDeps): Promise<LimitDto> {
  refuseWhenInterrupted(deps);
  await using watersmeet = await deps.openProject();
  return toLimitDto(await watersmeet.limits.give(order));
}

export const setLimitCommand = bindCommand({
  definition: setLimitDefinition,
  input: setInput,
  run: ({ resource, reason, units, ...request }, deps) =>
    give({ kind: "set", resource, reason, concurrency: units, forMs: request.for ?? null, by: deps.requestedBy }, deps),
  render: renderLimit,
  toJson: (limit) => ({ limit }),
});

export const clearLimitCommand = bindCommand({
  definition: clearLimitDefinition,
  input: z.strictObject(common),
  run: ({ resource, reason }, deps) => give({ kind: "clear", resource, reason, by: deps.requestedBy }, deps),
  render: renderLimit,
  toJson: (limit) => ({ limit }),
});
