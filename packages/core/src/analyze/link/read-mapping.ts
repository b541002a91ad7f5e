import type { MappingSpec } from "../../values/partitions/partitions-spec.ts";
import type { TypeExpr } from "../facts/file-facts.ts";
import type { TypePlace } from "./heads.ts";
import { report, type Linking } from "./linking.ts";
import { argumentPlace, isTooDeep, resolveType } from "./resolve-types.ts";

/** The partition mapping that a type names; `null` when it is none, which is then reported. */
export function readMapping(linking: Linking, type: TypeExpr, place: TypePlace): MappingSpec | null {
  if (isTooDeep(linking, type, place)) return null;
  const plain = type.kind === "ref" || type.kind === "imported" ? resolveType(linking, type, place) : null;
  if (plain?.kind === "unresolved") return null;
  if (plain?.kind === "bound" && plain.bound !== null && "type" in plain.bound) {
    return readMapping(linking, plain.bound.type, argumentPlace(plain.bound, place));
  }
  if (plain?.kind === "declared" && plain.declaration.kind === "alias")
    return readMapping(linking, plain.declaration.type, plain.place);
  if (plain?.kind !== "framework" || (type.kind !== "ref" && type.kind !== "imported"))
    return reject(linking, type, place);
  return readFrameworkMapping(plain.name, { linking, type, place }) ?? reject(linking, type, place);
}

interface Reading {
  readonly linking: Linking;
  readonly type: Extract<TypeExpr, { kind: "ref" | "imported" }>;
  readonly place: TypePlace;
}

function readFrameworkMapping(name: string, reading: Reading): MappingSpec | null {
  if (name === "Same") return { kind: "same" };
  if (name === "All") return { kind: "all" };
  if (name === "Latest") return { kind: "latest" };
  if (name !== "Last" && name !== "Offset") return null;
  const [argument] = reading.type.args;
  const value = argument === undefined ? null : readInteger(reading.linking, argument, reading.place);
  if (value === null) return null;
  if (name === "Offset") return { kind: "offset", by: value };
  return value >= 1 ? { kind: "last", count: value } : null;
}

function readInteger(linking: Linking, type: TypeExpr, place: TypePlace): number | null {
  if (type.kind === "literal")
    return typeof type.value === "number" && Number.isSafeInteger(type.value) ? type.value : null;
  if ((type.kind !== "ref" && type.kind !== "imported") || isTooDeep(linking, type, place)) return null;
  const named = resolveType(linking, type, place);
  if (named.kind === "bound" && named.bound !== null && "type" in named.bound) {
    return readInteger(linking, named.bound.type, argumentPlace(named.bound, place));
  }
  const isAlias = named.kind === "declared" && named.declaration.kind === "alias";
  return isAlias && named.declaration.kind === "alias"
    ? readInteger(linking, named.declaration.type, named.place)
    : null;
}

function reject(linking: Linking, type: TypeExpr, { file }: TypePlace): null {
  report(linking, {
    code: "ANALYZE_MAPPING_UNKNOWN",
    message: "this is not a partition mapping with literal numbers",
    hint: "Use Same, All, Latest, Last<7> or Offset<-1>",
    file,
    at: type.at,
  });
  return null;
}
