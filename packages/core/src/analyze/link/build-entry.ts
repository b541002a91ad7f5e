import type { ManifestAsset, ManifestInput } from "../../manifest/manifest.ts";
import type { AssetKey } from "../../values/asset-key.ts";
import { hashCode, hashOptions, type CodeOf } from "./code-version.ts";
import { identify } from "./find-assets.ts";
import type { AssetHead } from "./heads.ts";
import { factsOf, locate, report, type Linking } from "./linking.ts";
import { declarationSpan, type NamedAsset } from "./name-assets.ts";
import { readInputs, type FoundInput, type FoundInputs } from "./read-inputs.ts";
import { isAbsent, type AssetOptions } from "./read-options.ts";
import { readSplit } from "./read-split.ts";
import { reduceValue } from "./reduce-value.ts";

export interface EntryRequest {
  readonly asset: NamedAsset;
  readonly options: AssetOptions;
  /** Keys of all assets, by identity. */
  readonly keys: ReadonlyMap<string, AssetKey>;
}

/** An entry of the manifest, with where its inputs are written. */
export interface Entry {
  readonly asset: ManifestAsset;
  readonly found: readonly FoundInput[];
}

/** Puts together all that is known of one asset. */
export function buildEntry(of: CodeOf, { asset, options, keys }: EntryRequest): Entry {
  const { linking } = of;
  const { head, origin, key, exportPath } = asset;
  const fn = findFunction(linking, head);
  const found: FoundInputs = fn === null ? { inputs: [], injections: [] } : readInputs(linking, fn.fact, fn.place);
  checkKind(linking, asset, found);
  const known = found.inputs.filter((input) => keys.has(identify(input.asset)));
  const inputs = known.flatMap((input) => toManifestInput(input, keys));
  const split = options.members.get("splittable");
  const splittable =
    split === undefined || isAbsent(linking, split)
      ? null
      : readSplit(linking, split, { key, kind: head.maker, inputs });
  const entry: ManifestAsset = {
    key,
    kind: head.maker,
    file: origin.file,
    exportPath,
    location: locate(linking, origin.file, declarationSpan(linking, asset)),
    doc: options.description ?? factsOf(linking, origin.file).values[origin.name]?.doc ?? "",
    inputs,
    injections: found.injections,
    partitions: options.partitions,
    ...(options.automation === null ? {} : { automation: options.automation }),
    ...(splittable === null ? {} : { splittable }),
    tags: options.tags,
    group: options.group,
    resource: options.resource,
    codeVersion: fn === null ? "" : hashCode(of, { fact: fn.fact, file: fn.place.file }, head),
    schemaVersion: hashOptions(of, options.members, head.maker === "merge" ? mergeSchemaOptions : schemaOptions),
  };
  return { asset: entry, found: known };
}

/** Options that say what the rows are and mean and, of a merge, which of them count and how they win. For which branches it waits, and what it keeps, change no row. */
const schemaOptions = ["schema", "key", "emits"] as const;
const mergeSchemaOptions = [
  "schema",
  "key",
  "policy",
  "columns",
  "trust",
  "eventTime",
  "tolerance",
  "operation",
  "sequence",
  "present",
  "partitionBy",
  "late",
  "epochs",
] as const;

function toManifestInput(
  { asset, position, name, mapping, isOptional }: FoundInput,
  keys: EntryRequest["keys"],
): ManifestInput[] {
  const key = keys.get(identify(asset));
  return key === undefined ? [] : [{ asset: key, position, name, mapping, isOptional }];
}

function findFunction(linking: Linking, { call, place, maker }: AssetHead) {
  const [, expr] = call.args;
  const head = expr === undefined ? null : reduceValue(linking, expr, place);
  if (head?.kind === "expr" && head.expr.kind === "function") return { fact: head.expr.fn, place: head.place };
  if (head?.kind === "unresolved") return null;
  report(linking, {
    code: "ANALYZE_FUNCTION_UNKNOWN",
    message:
      expr === undefined
        ? `${maker}() has no function`
        : `the function of ${maker}() is neither written here nor a named function of this project`,
    hint: "Write it inline, or name a function of this project: asset({ … }, enrichOrders)",
    file: place.file,
    at: expr?.at ?? call.callee.at,
  });
  return null;
}

function checkKind(linking: Linking, { head, key }: NamedAsset, { inputs }: FoundInputs): void {
  const [first] = inputs;
  if (head.maker === "source" && first !== undefined) {
    report(linking, {
      code: "ANALYZE_SOURCE_WITH_INPUT",
      message: `the source "${key}" reads the asset that "${first.name}" names`,
      hint: "A source has no upstream asset: use asset() or query()",
      file: first.file,
      at: first.at,
    });
  }
  if (head.maker !== "merge") return;
  const seen = new Set<string>();
  for (const { name, file, at } of inputs) {
    if (seen.has(name)) {
      report(linking, {
        code: "ANALYZE_BRANCH_NAME_REPEATED",
        message: `two branches of the merge "${key}" are named "${name}"`,
        hint: "Rename a parameter: a branch is named after its parameter",
        file,
        at,
      });
    }
    seen.add(name);
  }
}
