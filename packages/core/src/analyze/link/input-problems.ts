import { unreachable } from "../../errors/unreachable.ts";
import type { Span } from "../facts/file-facts.ts";
import type { Head } from "./heads.ts";
import { factsOf, locate, report, type Finding, type Linking } from "./linking.ts";
import { findNearestName } from "./nearest-name.ts";
import { isKeyList, readGroupKeys } from "./reduce-value.ts";
import { listExportedNames } from "./resolve-names.ts";

/** Where an input names something, and how it writes it. */
export interface Mention {
  readonly path: string;
  readonly file: string;
  readonly at: Span;
}

type Missing = Extract<Head, { kind: "missing" }>;

/** Nothing has that name: say what was probably meant. */
export function describeMissing(linking: Linking, missing: Missing, { path, file, at }: Mention): Finding {
  const where = missing.file === null ? "" : `: ${missing.file} does not export it`;
  const hint = suggest(linking, missing, file) ?? "Name an exported asset of this project";
  return { code: "ANALYZE_UNKNOWN_NAME", message: `there is no "${path}"${where}`, hint, file, at };
}

function suggest(linking: Linking, { file: searched, name, among }: Missing, file: string): string | undefined {
  const names = among ?? (searched === null ? listNamesInScope(linking, file) : listExportedNames(linking, searched));
  const nearest =
    findNearestName(name, names) ?? (among === undefined ? findNearestName(name, listAllExports(linking)) : undefined);
  if (nearest !== undefined) return `Did you mean \`${nearest}\`?`;
  return among === undefined ? undefined : `The members of the group are ${among.join(", ")}`;
}

/** It is there, and is no asset. What failed to resolve is reported where it is imported. */
export function reportNotAsset(
  linking: Linking,
  head: Exclude<Head, { kind: "asset" | "missing" }>,
  mention: Mention,
): void {
  if (head.kind === "unresolved") return;
  report(linking, { ...describe(linking, head, mention.path), file: mention.file, at: mention.at });
}

type Wording = Pick<Finding, "code" | "message" | "hint">;
type Described = Exclude<Head, { kind: "asset" | "missing" | "unresolved" }>;

function describe(linking: Linking, head: Described, path: string): Wording {
  switch (head.kind) {
    case "ambiguous":
      return {
        code: "ANALYZE_AMBIGUOUS_EXPORT",
        message: `"${head.name}" is exported by several modules behind \`export *\`: ${head.files.join(", ")}`,
        hint: "Import it from the file that declares it, or export it by name in the barrel",
      };
    case "runtime":
      return {
        code: "ANALYZE_KNOWN_ONLY_AT_RUN_TIME",
        message: `what \`${path}\` is will be known only when the code runs`,
        hint: "Call the factory with an exported asset: makeClean(orders)",
      };
    case "tooDeep":
      return {
        code: "ANALYZE_KNOWN_ONLY_AT_RUN_TIME",
        message: `\`${path}\` is made by factories that call each other more than 6 deep`,
        hint: "Call asset() nearer to the export",
      };
    case "package":
      return {
        code: "ANALYZE_INPUT_FROM_PACKAGE",
        message: `\`${path}\` comes from the package ${head.package}`,
        hint: "Inputs are assets of this project: declare one that reads what the package gives",
      };
    case "group":
      return {
        code: "ANALYZE_INPUT_IS_GROUP",
        message: `\`${path}\` is a whole group of assets`,
        hint: `Name one member: ${listMembers(linking, head, path)}`,
      };
    case "namespace":
      return {
        code: "ANALYZE_NOT_AN_ASSET",
        message: `\`${path}\` is the module ${head.file}, not an asset`,
        hint: `Name one of its assets: In<typeof ${path}.orders>`,
      };
    case "framework":
      return notAsset(path, `it is \`${head.name}\` of @watersmeet/core`);
    case "frameworkCall":
      return notAsset(path, `it is made by ${head.name}()`);
    case "expr":
      return notAsset(path, originText(linking, head.origin));
    default:
      return unreachable(head);
  }
}

function notAsset(path: string, what: string): Wording {
  return {
    code: "ANALYZE_NOT_AN_ASSET",
    message: `\`${path}\` is not an asset${what === "" ? "" : `: ${what}`}`,
    hint: "Inputs are made by asset(), source(), query() or merge()",
  };
}

function originText(linking: Linking, origin: Extract<Described, { kind: "expr" }>["origin"]): string {
  if (origin === null) return "";
  const declared = factsOf(linking, origin.file).values[origin.name];
  if (declared === undefined) return "";
  const { file, line, column } = locate(linking, origin.file, declared.at);
  return `it is declared at ${file}:${line}:${column}`;
}

function listMembers(linking: Linking, group: Extract<Described, { kind: "group" }>, path: string): string {
  const keys = readGroupKeys(linking, group);
  return isKeyList(keys) ? keys.map((key) => `${path}.${key}`).join(", ") : `${path}.key`;
}

function listNamesInScope(linking: Linking, file: string): string[] {
  const { imports, values } = factsOf(linking, file);
  return [...Object.keys(imports), ...Object.keys(values)];
}

function listAllExports({ files }: Linking): string[] {
  return [...files.values()].flatMap(({ facts }) => Object.keys(facts.exports));
}
