import {
  and,
  anyInput,
  cronTick,
  external,
  handled,
  inProgress,
  inputMissing,
  missing,
  named,
  not,
  or,
  requested,
  since,
  stale,
  type Condition,
  type CronOptions,
} from "./condition.ts";

/** Something that is read is being made, or will be. */
const isInputComing = (): Condition => anyInput(or(inProgress(), requested()));

/** What it needs is there, and nothing of it is about to change. */
const isReady = (): readonly Condition[] => [not(inputMissing()), not(isInputComing())];

/**
 * Keeps partitions up to date with what they read: a partition that is missing or stale is made as soon as what it needs is there and nothing that it reads is being
 * made, whatever its age, so that late data is reconciled too. What failed is tried again when an input or the code has changed.
 */
export function eager(): Condition {
  return named("eager", and(or(missing(), stale()), ...isReady()));
}

/** Makes partitions that have no version, as soon as what they need is there; leaves alone what is there, however stale. */
export function onMissing(): Condition {
  return named("onMissing", and(missing(), ...isReady()));
}

/**
 * At every tick, makes what is missing or stale then, whatever its age; an asset that reads no other one and is not cut by time is made again, to see whether there is
 * something new. Inputs that are being made, or will be by the same tick, are waited for. Of ticks that passed while nothing ran, the last one counts.
 *
 * @throws {AUTOMATION_CRON_INVALID}
 */
export function onCron(cron: string, options: CronOptions = {}): Condition {
  const hasWork = or(missing(), stale(), external());
  const mayHaveWork = or(hasWork, isInputComing());
  const isDue = since(and(cronTick(cron, options), mayHaveWork), or(handled(), not(mayHaveWork)));
  return named("onCron", and(isDue, hasWork, ...isReady()));
}
