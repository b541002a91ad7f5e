import type { LatePolicy } from "../../merge/late/late-policy.ts";
import type { Retention } from "../../merge/orders.ts";
import { parseTimestamp, renderTimestamp } from "../../schema/instant.ts";
import { invalid, requireColumns, type DefinitionParts } from "../define.ts";
import type { EpochDefinition, WaitPolicy } from "../definition.ts";
import { parseDuration } from "../duration.ts";
import type { LooseOptions } from "../options.ts";
import type { LoosePolicyOptions } from "./read-policy.ts";

/** The options of a merge as run time sees them. */
export interface LooseMergeOptions extends LooseOptions, LoosePolicyOptions {
  readonly key?: readonly string[];
  readonly late?: LooseLate;
  readonly wait?: {
    readonly quorum?: number;
    readonly deadline?: string;
    readonly required?: readonly string[];
    readonly complete?: boolean;
  };
  readonly mayShrink?: Readonly<Record<string, number | undefined>>;
  readonly retention?: { readonly keep: string };
  readonly epochs?: readonly {
    readonly schema: unknown;
    readonly note: string;
    readonly upcast?: (row: never) => unknown;
    readonly lossy?: boolean;
  }[];
}

interface LooseLate {
  readonly grace: string;
  readonly beyond: LatePolicy["beyond"];
  readonly disorder?: string;
  readonly maxFuture?: string;
  readonly closedBefore?: string;
  readonly horizon?: string;
  readonly amendments?: { readonly count: number; readonly per: string };
}

/** What a merge says beside its policy. @throws {DEFINITION_INVALID} */
export function readTerms(
  options: LooseMergeOptions,
): Pick<DefinitionParts, "late" | "wait" | "mustBeComplete" | "shrinkPerMille" | "retention" | "epochs"> {
  if (options.emits !== undefined)
    throw invalid("a merge has no emits", "What it gives out is a state: the rows that its branches come to");
  const retention = options.retention === undefined ? undefined : readRetention(options.retention.keep);
  const late = options.late === undefined ? undefined : readLate(options.late, options);
  checkHorizon(late, retention);
  return {
    ...(late === undefined ? {} : { late }),
    ...readWaiting(options),
    ...(retention === undefined ? {} : { retention }),
    shrinkPerMille: readShrink(options.mayShrink ?? {}),
    epochs: (options.epochs ?? []).map(readEpoch),
  };
}

function readShrink(shares: Readonly<Record<string, number | undefined>>): Readonly<Record<string, number>> {
  const perMille: Record<string, number> = {};
  for (const [branch, share] of Object.entries(shares)) {
    if (share === undefined) continue;
    if (!(share >= 0 && share <= 1))
      throw invalid(`mayShrink of "${branch}" is ${share}`, "Give a share of the rows, from 0 to 1: 0.2 is a fifth");
    perMille[branch] = Math.round(share * 1000);
  }
  return perMille;
}

function readRetention(keep: string): Retention {
  return Object.freeze({ keepMs: parseDuration(keep) });
}

const beyonds: readonly string[] = ["hold", "amend", "reject"];

function readLate(late: LooseLate, { eventTime }: LooseMergeOptions): LatePolicy {
  if (eventTime === undefined)
    throw invalid(
      "late needs an event time",
      "Without one no row is later than another: name the column that says since when a row is true, eventTime",
    );
  if (!beyonds.includes(late.beyond)) throw invalid(`late.beyond is "${late.beyond}"`, "Choose hold, amend or reject");
  const { disorder, maxFuture, closedBefore, horizon, amendments } = late;
  return Object.freeze({
    graceMs: parseDuration(late.grace),
    beyond: late.beyond,
    ...(disorder === undefined ? {} : { disorderMs: parseDuration(disorder) }),
    ...(maxFuture === undefined ? {} : { maxFutureMs: parseDuration(maxFuture) }),
    ...(closedBefore === undefined ? {} : { closedBefore: readInstant(closedBefore) }),
    ...(horizon === undefined ? {} : { horizonMs: parseDuration(horizon) }),
    ...(amendments === undefined ? {} : { amendments: readAmendments(amendments) }),
  });
}

/** A day means its beginning in UTC. */
function readInstant(text: string): string {
  const micros = parseTimestamp(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  const instant = micros === null ? null : renderTimestamp(micros);
  if (instant !== null) return instant;
  throw invalid(
    `late.closedBefore is "${text}", which is neither a day nor an instant`,
    "Write 2024-01-01 or 2024-01-01T00:00:00Z",
  );
}

function readAmendments({ count, per }: { readonly count: number; readonly per: string }) {
  if (!Number.isSafeInteger(count) || count < 1)
    throw invalid(`late.amendments.count is ${count}`, "Give a whole number of at least 1");
  return Object.freeze({ count, perMs: parseDuration(per) });
}

/** A delete that is forgotten while rows of its time still come would let them in (M14). */
function checkHorizon(late: LatePolicy | undefined, retention: Retention | undefined): void {
  if (late === undefined) return;
  const { graceMs, horizonMs } = late;
  const keepMs = retention?.keepMs ?? null;
  if (keepMs !== null && horizonMs !== undefined && horizonMs > keepMs)
    throw invalid(
      "late.horizon is longer than retention keeps",
      "Rows that are older than what is kept cannot be judged: give a shorter horizon, or keep more",
    );
  const reach = horizonMs ?? keepMs;
  if (reach !== null && graceMs > reach)
    throw invalid(
      `late.grace is longer than ${horizonMs === undefined ? "retention keeps" : "late.horizon"}`,
      "Rows in grace are joined with what was there: give a shorter grace, or keep more",
    );
}

/** Terms of waiting for branches only where some are given: to ask for all of a window gives up on none. */
function readWaiting({ wait, partitions }: LooseMergeOptions): Pick<DefinitionParts, "wait" | "mustBeComplete"> {
  if (wait === undefined) return {};
  const { complete = false, ...others } = wait;
  if (complete && partitions?.kind !== "time")
    throw invalid(
      "wait.complete needs partitions of time",
      "Only a window of time has an end that its branches can pass: leave it out",
    );
  const isOnlyComplete = complete && others.quorum === undefined && others.deadline === undefined;
  if (!isOnlyComplete) return { wait: readWait(others), mustBeComplete: complete };
  if ((others.required ?? []).length > 0)
    throw invalid(
      "wait.required is given without a quorum or a deadline",
      "Without them a merge waits for all its branches: leave required out, or say when it goes on",
    );
  return { mustBeComplete: true };
}

function readWait({ quorum, deadline, required = [] }: NonNullable<LooseMergeOptions["wait"]>): WaitPolicy {
  if (quorum === undefined && deadline === undefined)
    throw invalid(
      "wait has neither a quorum nor a deadline",
      "Without them a merge waits for all its branches: leave wait out, or say when it goes on",
    );
  if (quorum !== undefined && (!Number.isSafeInteger(quorum) || quorum < 1))
    throw invalid(`wait.quorum is ${quorum}`, "Give a whole number of branches, at least 1");
  return Object.freeze({
    quorum: quorum ?? null,
    deadlineMs: deadline === undefined ? null : parseDuration(deadline),
    required: Object.freeze([...required]),
  });
}

function readEpoch(
  { schema, note, upcast, lossy = false }: NonNullable<LooseMergeOptions["epochs"]>[number],
  index: number,
): EpochDefinition {
  requireColumns(schema, `epochs[${index}] of merge`);
  if (typeof note !== "string" || note.trim() === "")
    throw invalid(`epochs[${index}] has no note`, "Say what changed and why: whoever reads the data later needs it");
  if (upcast !== undefined && typeof upcast !== "function")
    throw invalid(`epochs[${index}].upcast is no function`, "Write upcast: (row) => ({ … }), or leave it out");
  return Object.freeze({ schema, note, isLossy: lossy, upcast: upcast ?? null });
}
