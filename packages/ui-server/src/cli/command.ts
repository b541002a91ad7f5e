import { WatersmeetError } from "@watersmeet/core/errors";
import type { z } from "zod";
import type { CommandDeps } from "./deps.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Style } from "./render/style.ts";

export interface ArgumentDefinition {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  /** Takes all that follow; only the last argument may. @default false */
  readonly isVariadic?: boolean;
}

export interface OptionDefinition {
  /** As commander writes them: `-f, --force`, `--limit <rows>`. */
  readonly flags: string;
  readonly description: string;
  /** May be given several times; arrives as a list. @default false */
  readonly isRepeatable?: boolean;
}

/** `<merge>`, `[select]`, `<batch...>` */
export function renderArgument({ name, isRequired, isVariadic = false }: ArgumentDefinition): string {
  const words = isVariadic ? `${name}...` : name;
  return isRequired ? `<${words}>` : `[${words}]`;
}

/** What help and the reference page tell of a command. Plain data. */
export interface CommandDefinition {
  /** Words after `watersmeet`: `run`, `backfill list`. */
  readonly name: string;
  /** One line, for lists of commands. */
  readonly summary: string;
  /** Paragraphs; the summary is not repeated. */
  readonly description: string;
  readonly arguments: readonly ArgumentDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly string[];
  /** What `--json` prints. Names with a capital are schemas of the HTTP API. */
  readonly json: string;
  /** Exit codes that mean something particular here, besides 0, 1, 2 and 130. */
  readonly exitCodes: Readonly<Partial<Record<ExitCode, string>>>;
}

/** Arguments by name and options by their long name in camel case, as commander read them. */
export type RawInput = Readonly<Record<string, unknown>>;

/** A command with its parts: the door (`input`), the doing (`run`) and the wording (`render`, `toJson`). */
export interface CommandParts<Input, Result> {
  readonly definition: CommandDefinition;
  readonly input: z.ZodType<Input>;
  readonly run: (input: Input, deps: CommandDeps) => Promise<Result>;
  /** Text for people, without the last line break; empty prints nothing. */
  readonly render: (result: Result, style: Style) => string;
  /** What `--json` prints. */
  readonly toJson: (result: Result) => unknown;
  readonly exitCode?: (result: Result) => ExitCode;
  /** Whether `run` itself ends well on Ctrl-C. Otherwise the command is given up, and cleans up on its way out. @default false */
  readonly handlesInterrupt?: boolean;
}

export interface CommandOutcome {
  readonly text: (style: Style) => string;
  readonly json: () => unknown;
  readonly exitCode: ExitCode;
}

export interface Command {
  readonly definition: CommandDefinition;
  readonly handlesInterrupt: boolean;
  /** @throws {USAGE_INVALID} when the input does not fit */
  readonly execute: (raw: RawInput, deps: CommandDeps) => Promise<CommandOutcome>;
}

export function bindCommand<Input, Result>(parts: CommandParts<Input, Result>): Command {
  return {
    definition: parts.definition,
    handlesInterrupt: parts.handlesInterrupt ?? false,
    async execute(raw, deps) {
      const result = await parts.run(parseInput(parts, raw), deps);
      return {
        text: (style) => parts.render(result, style),
        json: () => parts.toJson(result),
        exitCode: parts.exitCode?.(result) ?? 0,
      };
    },
  };
}

function parseInput<Input, Result>(parts: CommandParts<Input, Result>, raw: RawInput): Input {
  const parsed = parts.input.safeParse(raw);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new WatersmeetError("USAGE_INVALID", `watersmeet ${parts.definition.name}: ${faults.join("; ")}`, {
    hint: `See watersmeet ${parts.definition.name} --help`,
  });
}
