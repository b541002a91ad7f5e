import type { PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { ClaimedStep } from "../../step/step.ts";
import {
  decideSplit,
  type MadePartition,
  type SplitCounts,
  type SplitDecision,
  type SplitHistory,
} from "./decide-split.ts";

/** What would be sliced. */
interface SplitRequest {
  readonly split: { readonly position: string; readonly parts: number | "auto" };
  /** Rows of the input. */
  readonly rowCount: number;
}

/** Decides into how many slices an attempt is split; 1: it is not. A decision to split is on record before it is carried out. */
export async function planSplit(db: LedgerDb, step: ClaimedStep, request: SplitRequest): Promise<number> {
  const { split, rowCount } = request;
  const known = split.parts === "auto" ? await readHistory(db, step, split.position) : unknown;
  // Another attempt of the same work goes on with the plan of the first.
  const decision = known.ofRun ?? decideSplit(split.parts, rowCount, known.history);
  const isOfNote = decision.parts > 1 || decision.wanted > 1 || (known.history.plans[0]?.parts ?? 1) > 1;
  if (isOfNote) await insertSplit(db, step, { ...decision, rowCount });
  return decision.parts;
}

/** What the slices of an attempt took, when all of them have ended well. */
export async function recordSlices(db: LedgerDb, step: ClaimedStep, slices: readonly MadePartition[]): Promise<void> {
  await sql`update watersmeet.split set slices = ${JSON.stringify(slices)}::jsonb
    where run_id = ${step.runId} and ordinal = ${step.ordinal} and attempt = ${step.attempt}`.execute(db);
}

async function insertSplit(
  db: LedgerDb,
  step: ClaimedStep,
  plan: SplitDecision & { readonly rowCount: number },
): Promise<void> {
  const { runId, ordinal, attempt, environment, asset, partition } = step;
  await sql`
    insert into watersmeet.split (run_id, ordinal, attempt, environment, asset, partition, parts, wanted, row_count, median_rows, expected_ms)
    values (${runId}, ${ordinal}, ${attempt}, ${environment}, ${asset}, ${partition}, ${plan.parts}, ${plan.wanted}, ${plan.rowCount},
      ${plan.medianRows}, ${plan.expectedMs})
    on conflict do nothing`.execute(db);
}

interface Known {
  readonly history: SplitHistory;
  readonly ofRun: SplitDecision | undefined;
}

const unknown: Known = { history: { siblings: [], own: null, plans: [] }, ofRun: undefined };

/** So many versions say what is usual. */
const looked = 500;

async function readHistory(db: LedgerDb, step: ClaimedStep, position: string): Promise<Known> {
  const [made, plans] = await Promise.all([readMade(db, step, position), readPlans(db, step)]);
  const [own] = made.filter(({ partition }) => partition === step.partition);
  const history = {
    siblings: made.filter(({ partition }) => partition !== step.partition),
    own: own ?? null,
    plans: plans.filter(({ runId }) => runId !== step.runId),
  };
  return { history, ofRun: plans.find(({ runId }) => runId === step.runId) };
}

/** The versions that readers see, the last made first: rows of the input that is sliced, and what their functions took. */
async function readMade(
  db: LedgerDb,
  { environment, asset }: ClaimedStep,
  position: string,
): Promise<readonly (MadePartition & { readonly partition: PartitionKey })[]> {
  const { rows } = await sql<MadePartition & { readonly partition: PartitionKey }>`
    with made as (
      select version.* from watersmeet.head
      join watersmeet.materialization as version on version.id = head.materialization_id
      where head.environment = ${environment} and head.asset = ${asset} order by version.id desc limit ${looked})
    select made.partition, read.row_count as "rowCount",
      coalesce(busy.ms, extract(epoch from made.committed_at - made.started_at)::float8 * 1000) as "tookMs"
    from made
    cross join lateral (
      select coalesce(sum(input.row_count), 0)::float8 as row_count
      from unnest(made.input_positions, made.input_ids) as reading (position, id)
      join watersmeet.materialization as input on input.id = reading.id
      where reading.position = ${position}) as read
    left join lateral (
      select sum((slice ->> 'tookMs')::float8) as ms
      from watersmeet.split cross join jsonb_array_elements(split.slices) as slice
      where split.run_id = made.run_id and split.ordinal = made.ordinal and split.attempt = made.attempt) as busy on true
    order by made.id desc`.execute(db);
  return rows;
}

/** Of each run the last. */
async function readPlans(
  db: LedgerDb,
  { environment, asset, partition }: ClaimedStep,
): Promise<readonly (SplitDecision & SplitCounts & { readonly runId: RunId })[]> {
  const { rows } = await sql<SplitDecision & { readonly runId: RunId }>`
    select distinct on (run_id) run_id as "runId", parts::integer, wanted::integer, median_rows as "medianRows", expected_ms as "expectedMs"
    from watersmeet.split where environment = ${environment} and asset = ${asset} and partition = ${partition}
    order by run_id desc, attempt desc limit 4`.execute(db);
  return rows;
}
