import { WatersmeetError } from "@watersmeet/core/errors";
import type { Desk } from "../desk.ts";
import { importModule } from "../find-definition.ts";
import type { ChildResult, ChildWork } from "../protocol.ts";

/** Asks a resource whether it is back. @throws what the probe throws, or {MODULE_LOAD_FAILED} when the configuration has none */
export async function handleProbe(
  { resource, configFile }: Extract<ChildWork, { readonly kind: "probe" }>,
  { modules, signal }: Desk,
): Promise<ChildResult> {
  const config = await importModule(configFile, modules);
  const probe = ["default", "resources", resource, "breaker", "probe"].reduce<unknown>(findMember, config);
  if (typeof probe !== "function") {
    throw new WatersmeetError("MODULE_LOAD_FAILED", `${configFile} has no probe for resource ${resource}`, {
      hint: "The configuration was changed: processes that were started before it should be started anew.",
    });
  }
  const answer: unknown = await Reflect.apply(probe, undefined, [signal]);
  if (answer instanceof Response) {
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`${resource} answered ${answer.status}`, { cause: answer });
  }
  return { kind: "probed" };
}

function findMember(value: unknown, name: string): unknown {
  return value !== null && typeof value === "object" ? Reflect.get(value, name) : undefined;
}
