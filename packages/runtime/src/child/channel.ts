import type { StepLogLine } from "../step/step.ts";
import { plainDetails } from "./plain-details.ts";
import type { ChildMessage } from "./protocol.ts";

/** The child's end of the IPC channel. */
export interface Channel {
  send(message: ChildMessage): void;
}

/**
 * Takes the channel away from `process`, so that user code cannot speak in the child's name by accident.
 * A parent that is gone ends the child.
 */
export function takeChannel(): Channel {
  const send = process.send?.bind(process);
  delete process.send;
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  return {
    send(message) {
      send?.(message, undefined, undefined, () => {});
    },
  };
}

/** Lines that may come at once, and how many more per second. */
const lineBurst = 500;
const linesPerSecond = 100;
const maxMessageLength = 8_192;
const maxFieldsLength = 16_384;

/** The log and progress of one piece of work, limited at their origin. */
export class Reporter {
  readonly #channel: Channel;
  readonly #id: number;
  #allowance = lineBurst;
  #allowanceAt = performance.now();
  #leftOutCount = 0;
  #progressAt = Number.NEGATIVE_INFINITY;

  constructor(channel: Channel, id: number) {
    this.#channel = channel;
    this.#id = id;
  }

  log(level: StepLogLine["level"], message: string, fields: StepLogLine["fields"]): void {
    const now = performance.now();
    this.#allowance = Math.min(lineBurst, this.#allowance + ((now - this.#allowanceAt) / 1_000) * linesPerSecond);
    this.#allowanceAt = now;
    if (this.#allowance < 1) {
      this.#leftOutCount += 1;
      return;
    }
    this.#allowance -= 1;
    const plain = plainDetails(fields);
    const isSmall = JSON.stringify(plain).length <= maxFieldsLength;
    this.#sendLine(level, message.slice(0, maxMessageLength), isSmall ? plain : { leftOut: "too large" });
  }

  /** At most four times a second. */
  progress(done: number, total: number | null, message: string | null): void {
    const now = performance.now();
    if (now - this.#progressAt < 250) return;
    this.#progressAt = now;
    this.#channel.send({ kind: "progress", id: this.#id, done, total, message: message?.slice(0, 500) ?? null });
  }

  /** Where the work is, at once and every time: the last thing that is heard of a child that dies there. */
  tell(place: string): void {
    this.#channel.send({ kind: "progress", id: this.#id, done: 0, total: null, message: place });
  }

  flush(): void {
    if (this.#leftOutCount > 0) this.#sendLine("warn", `${this.#leftOutCount} more log lines were left out`, {});
    this.#leftOutCount = 0;
  }

  #sendLine(level: StepLogLine["level"], message: string, fields: StepLogLine["fields"]): void {
    const line = { at: new Date().toISOString(), level, message, fields };
    this.#channel.send({ kind: "log", id: this.#id, line });
  }
}
