import type { BreakerOrder } from "@watersmeet/runtime";
import { z } from "zod";
import { toBreakerDto, type BreakerDto } from "../../../read/breaker-dto.ts";
import { bindCommand, type Command, type CommandDefinition, type OptionDefinition } from "../../command.ts";
import { refuseWhenInterrupted, type CommandDeps } from "../../deps.ts";
import { durationInput } from "../../duration-input.ts";
import { renderBreaker } from "../../render/breakers.ts";

const resource = { name: "resource", description: "its name in the configuration", isRequired: true };
const reason: OptionDefinition = { flags: "--reason <text>", description: "why; kept in the audit trail (required)" };
const span: OptionDefinition = {
  flags: "--for <time>",
  description: "30s, 10m, 2h, 1d (default: until another order)",
};
const common = { arguments: [resource], json: "{ breaker: Breaker }", exitCodes: {} } as const;

export const openBreakerDefinition: CommandDefinition = {
  ...common,
  name: "breaker open",
  summary: "Holds a breaker open: no step uses the resource until then",
  description: "Steps that run go on. Those that wait lose no attempt, and say why they wait.",
  options: [span, reason],
  examples: ["watersmeet breaker open crm --for 2h --reason 'maintenance of the vendor'"],
};

export const disableBreakerDefinition: CommandDefinition = {
  ...common,
  name: "breaker disable",
  summary: "Lets calls through whatever is counted",
  description: "For a resource whose failures are known, and harmless.",
  options: [span, reason],
  examples: ["watersmeet breaker disable crm --for 1h --reason 'load test'"],
};

export const closeBreakerDefinition: CommandDefinition = {
  ...common,
  name: "breaker close",
  summary: "Closes a breaker, as if probes had succeeded",
  description: "Steps that wait for it go on at once. When calls still fail it opens again.",
  options: [reason],
  examples: ["watersmeet breaker close crm --reason 'the vendor says it is back'"],
};

export const resetBreakerDefinition: CommandDefinition = {
  ...common,
  name: "breaker reset",
  summary: "Closes a breaker and forgets what was counted, retries too",
  description: "",
  options: [reason],
  examples: ["watersmeet breaker reset crm --reason 'moved to another host'"],
};

const input = z.strictObject({
  resource: z.string(),
  reason: z.string({ error: "is required: --reason 'why this is done'" }).trim().min(1, "is required: say why"),
  for: durationInput.exactOptional(),
});

export async function run(
  request: z.output<typeof input> & { readonly kind: BreakerOrder["kind"] },
  deps: CommandDeps,
): Promise<BreakerDto> {
  refuseWhenInterrupted(deps);
  await using watersmeet = await deps.openProject();
  const { resource, kind, reason } = request;
  return toBreakerDto(
    await watersmeet.breakers.give({ resource, kind, reason, forMs: request.for ?? null, by: deps.requestedBy }),
  );
}

function bind(definition: CommandDefinition, kind: BreakerOrder["kind"]): Command {
  return bindCommand({
    definition,
    input,
    run: (request, deps) => run({ ...request, kind }, deps),
    render: renderBreaker,
    toJson: (breaker) => ({ breaker }),
  });
}

export const openBreakerCommand = bind(openBreakerDefinition, "open");
export const disableBreakerCommand = bind(disableBreakerDefinition, "disable");
export const closeBreakerCommand = bind(closeBreakerDefinition, "close");
export const resetBreakerCommand = bind(resetBreakerDefinition, "reset");
