import { sql } from "kysely";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import type { ClaimedStep, StepListener, StepLogLine } from "../step/step.ts";

/** Collects what running steps tell, and writes it now and then: never a row per call. */
export interface StepReports extends AsyncDisposable {
  listen(step: ClaimedStep): StepListener;
}

const writeEveryMs = 300;
/** Of one write; what a step says beyond is counted, not kept. */
const maxLines = 2000;

interface Progress {
  readonly step: ClaimedStep;
  readonly body: string;
}

export function startStepReports(db: LedgerDb, logger: Logger): StepReports {
  let lines: { readonly step: ClaimedStep; readonly line: StepLogLine }[] = [];
  let progress = new Map<string, Progress>();
  let dropped = 0;
  let writing = Promise.resolve();

  const write = async (): Promise<void> => {
    if (lines.length === 0 && progress.size === 0) return;
    const [newLines, newProgress] = [lines, [...progress.values()]];
    [lines, progress] = [[], new Map()];
    try {
      await insertLogLines(db, newLines);
      await updateProgress(db, newProgress);
      if (dropped > 0) logger.warn({ dropped }, "steps wrote more lines than are kept");
      dropped = 0;
    } catch (error) {
      logger.warn({ error: String(error), lines: newLines.length }, "lines of steps could not be written");
    }
  };
  const timer = setInterval(() => {
    writing = writing.then(write);
  }, writeEveryMs);
  timer.unref();
  return {
    listen: (step) => ({
      log(line) {
        if (lines.length < maxLines) lines.push({ step, line });
        else dropped += 1;
      },
      progress(done, total, message) {
        progress.set(step.attemptId, { step, body: JSON.stringify({ done, total, message }) });
      },
    }),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
      await write();
    },
  };
}

async function insertLogLines(
  db: LedgerDb,
  lines: readonly { readonly step: ClaimedStep; readonly line: StepLogLine }[],
): Promise<void> {
  if (lines.length === 0) return;
  await sql`
    insert into watersmeet.log_line (run_id, ordinal, attempt, at, level, message, fields)
    select * from unnest(
      ${lines.map(({ step }) => step.runId)}::bigint[],
      ${lines.map(({ step }) => step.ordinal)}::integer[],
      ${lines.map(({ step }) => step.attempt)}::integer[],
      ${lines.map(({ line }) => line.at)}::timestamptz[],
      ${lines.map(({ line }) => line.level)}::text[],
      ${lines.map(({ line }) => line.message.replaceAll("\u0000", ""))}::text[],
      ${lines.map(({ line }) => JSON.stringify(line.fields))}::jsonb[])`.execute(db);
}

async function updateProgress(db: LedgerDb, progress: readonly Progress[]): Promise<void> {
  if (progress.length === 0) return;
  await sql`
    update watersmeet.step set progress = told.progress
    from unnest(
      ${progress.map(({ step }) => step.runId)}::bigint[],
      ${progress.map(({ step }) => step.ordinal)}::integer[],
      ${progress.map(({ step }) => step.attempt)}::integer[],
      ${progress.map(({ body }) => body)}::jsonb[]) as told (run_id, ordinal, attempt, progress)
    where step.run_id = told.run_id and step.ordinal = told.ordinal and step.attempt = told.attempt and step.state = 'running'`.execute(
    db,
  );
}
