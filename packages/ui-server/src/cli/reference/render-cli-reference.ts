import { renderArgument, type CommandDefinition } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** docs/reference/cli.md, made of the commands' definitions. */
export function renderCliReference(definitions: readonly CommandDefinition[]): string {
  return `${[
    "# Command line",
    "",
    "_Made from the commands' definitions by `node packages/ui-server/scripts/generate-reference.ts`; a test compares._",
    "",
    "`watersmeet <command> [options]`. Data goes to stdout, progress and messages to stderr. Nothing is ever asked: every command runs without a terminal.",
    "",
    ...renderGlobals(),
    ...renderExitCodes(),
    ...renderGrammar(),
    "## Commands",
    "",
    "| Command | Does |",
    "|---|---|",
    ...definitions.map(({ name, summary }) => `| [\`${name}\`](#${name.replaceAll(" ", "-")}) | ${summary} |`),
    "",
    ...definitions.flatMap(renderCommand),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

function renderGlobals(): readonly string[] {
  return [
    "## Options of every command",
    "",
    "| Option | Meaning |",
    "|---|---|",
    "| `-C, --project <dir>` | folder of the project; default: the current folder and upwards |",
    '| `--json` | data as JSON on stdout, in the shape that each command names below; names with a capital are schemas of [openapi.json](../../packages/ui-server/openapi.json). An error is `{ "error": { code, message, hint?, details? } }` |',
    "| `--no-color` | no colours; `NO_COLOR` does the same, `FORCE_COLOR` the opposite |",
    "| `-h, --help` | help |",
    "| `-V, --version` | version |",
    "",
    "`WATERSMEET_DEBUG=1` prints the stack of an error. Settings and their variables are in [config.md](config.md), error codes in [errors.md](errors.md).",
    "",
  ];
}

function renderExitCodes(): readonly string[] {
  return [
    "## Exit codes",
    "",
    "| Code | Meaning |",
    "|---|---|",
    ...Object.entries(exitCodes).map(([code, meaning]) => `| ${code} | ${meaning} |`),
    "",
  ];
}

function renderGrammar(): readonly string[] {
  return [
    "## Selections and partitions",
    "",
    "A selection names assets: `orders`, `+orders` (with all that it reads), `orders+` (with all that reads it), `2+orders+1` (to so many hops), `tag:x`,",
    "`group:y`, `kind:merge`, `*`. A space means or, a comma means and. Quote `*` and spaces for the shell.",
    "",
    "Partitions are a range `2001-01-01..2001-01-31` (both ends included), a key, or one of `latest`, `all`, `failed`, `stale`, `missing`.",
    "",
  ];
}

function renderCommand(definition: CommandDefinition): readonly string[] {
  const usage = definition.arguments.map((argument) => ` ${renderArgument(argument)}`).join("");
  const options = definition.options.length > 0 ? " [options]" : "";
  return [
    `### ${definition.name}`,
    "",
    `${definition.summary}.${definition.description === "" ? "" : ` ${definition.description}`}`,
    "",
    "```",
    `watersmeet ${definition.name}${usage}${options}`,
    "```",
    "",
    ...renderParameters(definition),
    "```sh",
    ...definition.examples,
    "```",
    "",
    `With \`--json\`: \`${definition.json}\``,
    "",
    ...renderParticularCodes(definition),
  ];
}

function renderParameters({ arguments: positional, options }: CommandDefinition): readonly string[] {
  const rows = [
    ...positional.map(({ name, description }) => `| \`${name}\` | ${description} |`),
    ...options.map(({ flags, description }) => `| \`${flags}\` | ${description} |`),
  ];
  return rows.length === 0 ? [] : ["| Parameter | Meaning |", "|---|---|", ...rows, ""];
}

function renderParticularCodes({ exitCodes }: CommandDefinition): readonly string[] {
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `${code} when ${meaning}`);
  return codes.length === 0 ? [] : [`Exits with ${codes.join("; with ")}.`, ""];
}
