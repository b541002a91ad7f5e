import { parseTimestamp } from "../../schema/instant.ts";
import { compareStrings } from "../../values/compare.ts";
import type { LegState } from "../cut/cut.ts";
import { isFuture, readWatermark, type LatenessTerms } from "./lateness.ts";

/** What a sealed batch tells of its source's progress. */
export interface ProgressBatch {
  /** The producer's: grows with every batch of the source. */
  readonly sequence: bigint;
  readonly rowCount: number;
  /** Part of the source's cursor that it covers, from inclusive, to exclusive, comparable as text; `from` is `null` when it covers all before `to`. */
  readonly cursor: { readonly from: string | null; readonly to: string } | null;
  /** Greatest time among rows that count, microseconds as text; `null`: there is none. Rows from the future do not count (M28). */
  readonly greatest: string | null;
  /** What the producer declared. `watermark`: nothing older comes any more. */
  readonly promise: { readonly watermark: string | null; readonly isFinished: boolean } | null;
}

/** What progress is judged by. */
export interface ProgressTerms extends Pick<LatenessTerms, "policy" | "asOf"> {
  /** How often something is expected, when something last came, and as of when it is overdue; ISO-8601 UTC. `asOf` is that of the terms by default. @default nothing is expected */
  readonly cadence?: { readonly everyMs: number; readonly lastAt: string; readonly asOf?: string };
}

/** Where a source stands in its own time. */
export interface SourceProgress {
  /** Microseconds as text; `null`: not known. */
  readonly watermark: string | null;
  readonly state: LegState;
  /** Ranges of the cursor in which nothing was delivered, though something after them was (M33). */
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
}

/**
 * The watermark of a source from its sealed batches (M27): no clock moves it.
 *
 * - Only the contiguous prefix of the cursor counts. What lies after a gap moves nothing until the gap is filled; batches without a cursor have no gaps.
 * - It is the greatest time less the disorder that the policy allows; a source that makes promises is taken at the greatest of them.
 * - It never falls behind `previous`, the watermark that the source had in the cut before.
 *
 * States: `missing`, nothing was ever delivered. `finished`, the last batch of a gapless cursor says so. `idle`, the last batch of a gapless cursor is empty and moved it: only the source
 * says that it has nothing. `suspect`, something was expected by now and did not come; it is waited for like an active one. Else `active`.
 * `batches` are those that stand, in any order: neither revoked nor superseded, held and rejected ones included.
 */
export function sourceWatermark(
  batches: readonly ProgressBatch[],
  previous: string | null,
  terms: ProgressTerms,
): SourceProgress {
  const { prefix, gaps } = findPrefix(batches);
  const known = [readTime(previous), progressOf(prefix, terms)].filter((us) => us !== null);
  const watermark = greatestOf(known)?.toString() ?? null;
  return { watermark, state: stateOf(batches, gaps.length > 0, terms), gaps };
}

interface Prefix {
  readonly prefix: readonly ProgressBatch[];
  readonly gaps: SourceProgress["gaps"];
}

/** Walks the cursor from its start. A batch without a cursor belongs to the prefix unless it comes after one that lies beyond a gap. */
function findPrefix(batches: readonly ProgressBatch[]): Prefix {
  const gaps: { readonly from: string; readonly to: string }[] = [];
  const prefix: ProgressBatch[] = [];
  const beyond: ProgressBatch[] = [];
  let covered: string | null = null;
  for (const { batch, from, to } of listPlaced(batches)) {
    if (covered !== null && from !== null && compareStrings(from, covered) > 0) gaps.push({ from: covered, to: from });
    (gaps.length === 0 ? prefix : beyond).push(batch);
    covered = covered === null || compareStrings(to, covered) > 0 ? to : covered;
  }
  const isBefore = ({ sequence }: ProgressBatch) => beyond.every((batch) => sequence < batch.sequence);
  return { prefix: [...prefix, ...batches.filter((batch) => batch.cursor === null && isBefore(batch))], gaps };
}

interface Placed {
  readonly batch: ProgressBatch;
  readonly from: string | null;
  readonly to: string;
}

function listPlaced(batches: readonly ProgressBatch[]): readonly Placed[] {
  return batches
    .flatMap((batch) => (batch.cursor === null ? [] : [{ batch, ...batch.cursor }]))
    .toSorted((a, b) => compareStrings(a.from ?? "", b.from ?? "") || compareStrings(a.to, b.to));
}

function progressOf(prefix: readonly ProgressBatch[], terms: ProgressTerms): bigint | null {
  const disorderUs = BigInt(terms.policy.disorderMs ?? 0) * 1_000n;
  const isPossible = (us: bigint | null): us is bigint => us !== null && !isFuture(us, terms);
  const promised = prefix.map(({ promise }) => readTime(promise?.watermark ?? null)).filter(isPossible);
  if (promised.length > 0) return greatestOf(promised);
  const seen = greatestOf(prefix.map(({ greatest }) => readTime(greatest)).filter(isPossible));
  return seen === null ? null : seen - disorderUs;
}

function stateOf(batches: readonly ProgressBatch[], hasGaps: boolean, terms: ProgressTerms): LegState {
  if (batches.length === 0) return "missing";
  const greatest = batches.reduce(
    (most, { sequence }) => (sequence > most ? sequence : most),
    batches[0]?.sequence ?? 0n,
  );
  const last = batches.filter(({ sequence }) => sequence === greatest);
  if (!hasGaps && last.some(({ promise }) => promise?.isFinished === true)) return "finished";
  if (isOverdue(terms)) return "suspect";
  return !hasGaps && last.every(({ rowCount }) => rowCount === 0) && movesCursor(last, batches) ? "idle" : "active";
}

/** Whether the last batch covers more of the cursor than all before: an empty one that does says that there was nothing. */
function movesCursor(last: readonly ProgressBatch[], batches: readonly ProgressBatch[]): boolean {
  const others = batches.filter((batch) => !last.includes(batch));
  return last.some(
    ({ cursor }) =>
      cursor !== null &&
      others.every((batch) => batch.cursor === null || compareStrings(batch.cursor.to, cursor.to) < 0),
  );
}

function isOverdue({ cadence, asOf }: ProgressTerms): boolean {
  if (cadence === undefined) return false;
  const [last, now] = [parseTimestamp(cadence.lastAt), parseTimestamp(cadence.asOf ?? asOf)];
  return last !== null && now !== null && now - last > BigInt(cadence.everyMs) * 1_000n;
}

function readTime(text: string | null): bigint | null {
  const watermark = readWatermark(text);
  return watermark === "infinity" ? null : watermark;
}

function greatestOf(times: readonly bigint[]): bigint | null {
  return times.reduce<bigint | null>((most, us) => (most === null || us > most ? us : most), null);
}
