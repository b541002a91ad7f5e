import type { ManifestInput, ManifestSplit } from "../../manifest/manifest.ts";
import type { AssetKey } from "../../values/asset-key.ts";
import { isPartCount, mostParts } from "../../values/partitions/split-parts.ts";
import type { PlacedExpr } from "./heads.ts";
import { report, type Linking } from "./linking.ts";
import { openOptions, reportNotStatic } from "./read-options.ts";
import { reduceLiteral } from "./reduce-value.ts";

/** Finds the input that `splittable` speaks of. What cannot be is reported; which columns the input has is known only when its schema is loaded. */
export function readSplit(
  linking: Linking,
  option: PlacedExpr,
  asset: { readonly key: AssetKey; readonly kind: string; readonly inputs: readonly ManifestInput[] },
): ManifestSplit | null {
  const { key, kind, inputs } = asset;
  if (kind !== "asset") {
    const hint = "Only asset() has it: the store splits the work of SQL by itself, and a source has no input";
    return reject(linking, option, { message: `the ${kind} "${key}" is declared splittable`, hint });
  }
  const options = openOptions(linking, option);
  if (options === null) return null;
  const by = options.text("by");
  const parts = readParts(linking, options.member("parts"));
  if (by === null || parts === null) {
    if (options.member("by") === null)
      reject(linking, option, {
        message: `splittable of "${key}" names no column`,
        hint: 'Name a column of the input: splittable: { by: "customerId" }',
      });
    return null;
  }
  const name = options.text("input");
  if (name === null && options.member("input") !== null) return null;
  const named = name === null ? inputs : inputs.filter((input) => input.name === name);
  const [input, ...others] = named;
  if (input !== undefined && others.length === 0) return { by, input: input.name, position: input.position, parts };
  return reject(linking, option, describeInputs(key, name, inputs));
}

/** `null`: not known, or not possible, which is then reported. */
function readParts(linking: Linking, member: PlacedExpr | null): ManifestSplit["parts"] | null {
  if (member === null) return "auto";
  const value = reduceLiteral(linking, member.expr, member.place);
  if (value === "auto" || isPartCount(value)) return value;
  if (value === undefined) {
    reportNotStatic(linking, "`splittable.parts`", member);
    return null;
  }
  return reject(linking, member, {
    message: `splittable.parts is ${JSON.stringify(value)}`,
    hint: `Give "auto", or a whole number from 1 to ${mostParts}`,
  });
}

function describeInputs(
  key: AssetKey,
  name: string | null,
  inputs: readonly ManifestInput[],
): { readonly message: string; readonly hint: string } {
  const names = inputs.map((input) => input.name).join(", ");
  if (inputs.length === 0)
    return {
      message: `"${key}" is declared splittable and reads no asset`,
      hint: "Leave splittable out: there are no rows of an input to be sliced",
    };
  if (name === null)
    return {
      message: `splittable of "${key}" does not say which of its inputs is sliced`,
      hint: `Name one of them, input: ${names}. The others are read whole by every slice`,
    };
  return {
    message: `splittable of "${key}" names the input "${name}", which it does not have exactly once`,
    hint: `Its inputs are ${names}`,
  };
}

function reject(
  linking: Linking,
  { expr, place }: PlacedExpr,
  wording: { readonly message: string; readonly hint: string },
): null {
  report(linking, { code: "ANALYZE_SPLIT_INVALID", ...wording, file: place.file, at: expr.at });
  return null;
}
