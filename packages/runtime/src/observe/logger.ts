import { pino } from "pino";

/** What the runtime says of itself. Lines of steps go to the ledger, not here. No rows, no secrets. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

export type LogLevel = "silent" | "error" | "warn" | "info" | "debug";

/** JSON lines on standard error: standard output belongs to data. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
