import type { Argument } from "../protocol.ts";

interface Slots {
  readonly members: Map<string, Slots | { readonly value: unknown }>;
}

/**
 * The parameters of a call: each value goes to its position, `0` for a parameter, `1.orders` for a member of one.
 * Members make plain objects; a tuple's members are parameters of their own.
 */
export function placeArguments(
  values: readonly (readonly [position: Argument["position"], value: unknown])[],
): unknown[] {
  const root: Slots = { members: new Map() };
  for (const [position, value] of values) place(root, position.split("."), value);
  const parameters: unknown[] = [];
  for (const [index, slot] of root.members) parameters[Number(index)] = materialize(slot);
  return Array.from(parameters);
}

function place(slots: Slots, path: readonly string[], value: unknown): void {
  const [name = "", ...rest] = path;
  if (rest.length === 0) {
    slots.members.set(name, { value });
    return;
  }
  const found = slots.members.get(name);
  const inner: Slots = found !== undefined && "members" in found ? found : { members: new Map() };
  slots.members.set(name, inner);
  place(inner, rest, value);
}

function materialize(slot: Slots | { readonly value: unknown }): unknown {
  if ("value" in slot) return slot.value;
  return Object.fromEntries([...slot.members].map(([name, member]) => [name, materialize(member)]));
}
