/** What a reader of a tutorial does, in order. */
export type TutorialMove =
  /** Writes a file: a `ts` fence whose first line is a comment with its name. */
  | { readonly kind: "write"; readonly file: string; readonly text: string }
  /** Changes one: a `diff` fence. */
  | { readonly kind: "change"; readonly file: string; readonly before: string; readonly after: string }
  /** Types a command: a line `$ …` of a `console` fence, and the lines up to the next one. */
  | { readonly kind: "command"; readonly command: string; readonly output: string };

const fence = /^```(ts|diff|console)\n([\s\S]*?)^```$/gm;

/** The moves of a page of Markdown. Other fences are read, not played. */
export function parseTutorial(page: string): readonly TutorialMove[] {
  return [...page.matchAll(fence)].flatMap(([, language, body = ""]): readonly TutorialMove[] => {
    if (language === "ts") return parseWrite(body);
    return language === "diff" ? [parseChange(body)] : parseCommands(body);
  });
}

/** The page with the outputs that its commands gave, in their order. */
export function withOutputs(page: string, outputs: readonly string[]): string {
  const rest = [...outputs];
  return page.replace(fence, (whole: string, language: string, body: string) => {
    if (language !== "console") return whole;
    const commands = parseCommands(body).map(({ command }) => `$ ${command}\n${rest.shift() ?? ""}\n`);
    return `\`\`\`console\n${commands.join("")}\`\`\``;
  });
}

function parseWrite(body: string): readonly TutorialMove[] {
  const [, file, text] = /^\/\/ (\S+[.]ts)\n([\s\S]*)$/.exec(body) ?? [];
  return file === undefined || text === undefined ? [] : [{ kind: "write", file, text }];
}

function parseChange(body: string): TutorialMove {
  const [head = "", ...lines] = body.trimEnd().split("\n");
  const side = (without: string) =>
    lines
      .filter((line) => !line.startsWith(without))
      .map((line) => line.slice(1))
      .join("\n");
  return { kind: "change", file: head.replace("--- ", ""), before: side("+"), after: side("-") };
}

function parseCommands(body: string): readonly Extract<TutorialMove, { readonly kind: "command" }>[] {
  return body
    .split(/^[$] /m)
    .slice(1)
    .map((block) => {
      const [command = "", ...output] = block.trimEnd().split("\n");
      return { kind: "command", command, output: output.join("\n") };
    });
}
