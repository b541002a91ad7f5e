import { Option, Command as Parser } from "commander";
import { renderArgument, type Command, type CommandDefinition, type RawInput } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly project?: string | undefined;
  readonly json?: boolean | undefined;
  readonly color?: boolean | undefined;
}

export interface Invocation {
  readonly command: Command;
  readonly input: RawInput;
  readonly globals: GlobalOptions;
}

export interface ProgramOptions {
  readonly commands: readonly Command[];
  readonly version: string;
  readonly columns: number;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  readonly onInvoke: (invocation: Invocation) => void;
}

const groupSummaries: Readonly<Record<string, string>> = {
  runs: "Looks at runs, cancels and retries them",
  late: "Looks at rows that came too late, and decides about them",
  schema: "Compares the forms of a merge's schema",
  db: "Looks after the ledger's database",
};

/** The grammar of the command line, made of the commands' definitions. Parsing throws CommanderError instead of ending the process. */
export function buildProgram(options: ProgramOptions): Parser {
  const program = configure(new Parser("watersmeet"), options)
    .description("Typed data assets: derived, planned, run in parallel, merged safely.")
    .version(options.version, "-V, --version", "print the version")
    // What stands behind a command is the command's: `cut airports --version 2` does not ask for ours.
    .enablePositionalOptions()
    .usage("<command> [options]");
  for (const option of listGlobalOptions()) program.addOption(option);
  program.addHelpText("after", renderProgramEnd());
  for (const command of options.commands) addCommand(program, command, options);
  return program;
}

function listGlobalOptions(): readonly Option[] {
  return [
    new Option("-C, --project <dir>", "folder of the project (default: here and upwards)"),
    new Option("--json", "print data as JSON on stdout"),
    new Option("--no-color", "print without colours; the variable NO_COLOR does the same"),
  ];
}

/** They may stand behind a command too; help shows them once, as the program's. */
function addHiddenGlobals(parser: Parser): void {
  for (const option of listGlobalOptions()) parser.addOption(option.hideHelp());
}

function addCommand(program: Parser, command: Command, options: ProgramOptions): void {
  const { definition } = command;
  const words = definition.name.split(" ");
  const [first = "", second] = words;
  const parent = second === undefined ? program : findOrAddGroup(program, first, options);
  const parser = configure(new Parser(second ?? first), options)
    .summary(definition.summary)
    .description(
      definition.description === "" ? definition.summary : `${definition.summary}.\n\n${definition.description}`,
    );
  for (const argument of definition.arguments) parser.argument(renderArgument(argument), argument.description);
  for (const { flags, description, isRepeatable } of definition.options) {
    if (isRepeatable === true) parser.option(flags, description, collect);
    else parser.option(flags, description);
  }
  addHiddenGlobals(parser);
  parser.addHelpText("after", renderCommandEnd(definition));
  parser.action(() => {
    const names = definition.arguments.map(({ name }) => toCamelCase(name));
    const values = parser.processedArgs.map((value: unknown, index): [string, unknown] => [names[index] ?? "", value]);
    const given = values.filter(([, value]) => value !== undefined);
    const { project: _project, json: _json, color: _color, ...own } = parser.opts<GlobalOptions>();
    options.onInvoke({
      command,
      input: { ...Object.fromEntries(given), ...own },
      globals: readGlobals(parser),
    });
  });
  parent.addCommand(parser);
}

/** Global options wherever they stand: in front of the command, behind it, or between its words. */
function readGlobals(parser: Parser): GlobalOptions {
  const levels: GlobalOptions[] = [];
  for (let level: Parser | null = parser; level !== null; level = level.parent)
    levels.push(level.opts<GlobalOptions>());
  return {
    project: levels.find(({ project }) => project !== undefined)?.project,
    json: levels.some(({ json }) => json === true),
    color: levels.every(({ color }) => color !== false),
  };
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function findOrAddGroup(program: Parser, name: string, options: ProgramOptions): Parser {
  const existing = program.commands.find((command) => command.name() === name);
  if (existing !== undefined) return existing;
  const group = configure(new Parser(name), options).description(groupSummaries[name] ?? "");
  addHiddenGlobals(group);
  program.addCommand(group);
  return group;
}

function configure(parser: Parser, options: ProgramOptions): Parser {
  return parser
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .configureHelp({
      showGlobalOptions: true,
      helpWidth: Math.min(options.columns, 100),
      subcommandTerm: renderTerm,
    })
    .configureOutput({
      writeOut: options.writeOut,
      writeErr: options.writeErr,
      outputError: (text, write) => write(text.replace(/^error: /, "USAGE_INVALID: ")),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/** `run [options] <select>`; global options are not worth a word. */
function renderTerm(parser: Parser): string {
  const hasOptions = parser.options.some(({ hidden }) => !hidden);
  const words = parser.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [parser.name(), ...(hasOptions ? ["[options]"] : []), ...words].join(" ");
}

function renderCommandEnd(definition: CommandDefinition): string {
  const examples = ["", "Examples:", ...definition.examples.map((example) => `  $ ${example}`)];
  const codes = Object.entries(definition.exitCodes).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`);
  return [...examples, ...(codes.length > 0 ? ["", "Exit codes:", ...codes] : [])].join("\n");
}

function renderProgramEnd(): string {
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`);
  return [
    "",
    "Selections:",
    "  orders   +orders   orders+   2+orders+1   tag:x   group:y   kind:merge   *",
    "  a space means or, a comma means and",
    "",
    "Partitions:",
    "  2001-01-01..2001-01-31   2001-01-31   eu   latest   all   failed   stale   missing",
    "",
    "Exit codes:",
    ...codes,
    "",
    "Start with: watersmeet init my-project",
  ].join("\n");
}

function toCamelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
