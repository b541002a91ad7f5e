import type { Logger } from "@watersmeet/runtime";
import type { Outlet } from "./terminal.ts";

/** The runtime's warnings and errors as lines for people; what it says beneath that is for servers' logs. */
export function createTerminalLogger(outlet: Outlet): Logger {
  const { style } = outlet;
  const write = (word: string, fields: Readonly<Record<string, unknown>>, message: string): void => {
    const facts = Object.entries(fields).map(
      ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    outlet.write(`${word}: ${message}${facts.length === 0 ? "" : style.dim(` (${facts.join(", ")})`)}\n`);
  };
  return {
    debug: () => {},
    info: () => {},
    warn: (fields, message) => write(style.yellow("warning"), fields, message),
    error: (fields, message) => write(style.red("error"), fields, message),
  };
}
