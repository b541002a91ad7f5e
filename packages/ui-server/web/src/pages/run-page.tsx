import { useMutation, useQuery } from "@tanstack/react-query";
import type { RunDto, StepDto } from "../../../src/read/run-dto.ts";
import { postJson } from "../api/client.ts";
import { groupFailures } from "../api/group-failures.ts";
import { questions } from "../api/queries.ts";
import { Empty, ErrorNotice, Loading } from "../components/notice.tsx";
import { RowTable } from "../components/row-preview.tsx";
import { StatusBadge, statusWord } from "../components/status.tsx";
import { StepBar, stepStates } from "../components/step-bar.tsx";
import { Timeline } from "../components/timeline.tsx";
import { UnevenSteps } from "../components/uneven-steps.tsx";
import { useNow } from "../components/use-now.ts";
import { useTitle } from "../components/use-title.ts";
import { WaitingList } from "../components/waiting-list.tsx";
import { formatCount, formatDuration, formatPartition, formatTime } from "../format.ts";

/** One run while it runs and afterwards: how far it is, what happened when, and what went wrong. */
export function RunPage({ runId }: { readonly runId: string }) {
  const run = useQuery(questions.run(runId));
  const steps = useQuery(questions.steps(runId));
  const uneven = useQuery(questions.runOutliers(runId, run.data?.finishedAt === null));
  useTitle(`Run ${runId} · ${run.data?.state ?? ""}`);
  if (run.isPending) return <Loading what="the run" />;
  if (run.isError) return <ErrorNotice error={run.error} />;
  return (
    <>
      <RunHeader run={run.data} />
      {uneven.data !== undefined && <UnevenSteps found={uneven.data} isOfAsset={false} />}
      {steps.isError && <ErrorNotice error={steps.error} />}
      {steps.data !== undefined && <RunSteps run={run.data} steps={steps.data} />}
    </>
  );
}

function RunHeader({ run }: { readonly run: RunDto }) {
  const now = useNow(run.finishedAt === null);
  const cancel = useMutation({ mutationFn: () => postJson<RunDto>(`/runs/${encodeURIComponent(run.id)}/cancel`, {}) });
  const isRunning = run.finishedAt === null;
  const tookMs =
    (run.finishedAt === null ? now : Date.parse(run.finishedAt)) - Date.parse(run.startedAt ?? run.createdAt);
  return (
    <>
      <header className="page-header">
        <h1>Run {run.id}</h1>
        <StatusBadge status={run.state} />
        <span className="spacer" />
        {isRunning && (
          <button
            type="button"
            onClick={() => cancel.mutate()}
            disabled={cancel.isPending || run.state === "cancelling"}
          >
            Cancel
          </button>
        )}
      </header>
      {cancel.error !== null && <ErrorNotice error={cancel.error} />}
      <dl className="facts">
        <dt>What</dt>
        <dd>
          <code>{run.select}</code> {run.partitions}
        </dd>
        <dt>Asked by</dt>
        <dd title={run.createdAt}>
          {run.requestedBy}, {formatTime(run.createdAt)}
        </dd>
        <dt>{isRunning ? "Running for" : "Took"}</dt>
        <dd>{formatDuration(Math.max(0, tookMs))}</dd>
        <dt>Steps</dt>
        <dd>
          <StepBar steps={run.steps} /> {describeSteps(run)}
        </dd>
      </dl>
    </>
  );
}

function RunSteps({ run, steps }: { readonly run: RunDto; readonly steps: readonly StepDto[] }) {
  const now = useNow(run.finishedAt === null);
  const failures = groupFailures(steps);
  return (
    <>
      {failures.length > 0 && (
        <section aria-labelledby="failures">
          <h2 id="failures">What went wrong</h2>
          {failures.map((group) => (
            <div key={`${group.asset} ${group.code} ${group.message}`} className="notice notice-error">
              <StatusBadge status={group.state} /> <strong>{group.asset}</strong>{" "}
              {group.partitions.slice(0, 5).map(formatPartition).join(", ")}
              {group.partitions.length > 5 ? ` and ${formatCount(group.partitions.length - 5)} more` : ""}
              {classWords[group.class] !== undefined && <div className="quiet">{classWords[group.class]}</div>}
              <div>
                <strong>{group.code}</strong> {group.message}
              </div>
              {group.hint !== null && <div className="hint">{group.hint}</div>}
              {group.sampleRows.length > 0 && <RowTable rows={group.sampleRows} />}
            </div>
          ))}
        </section>
      )}
      <WaitingList steps={steps} />
      <section aria-labelledby="timeline">
        <h2 id="timeline">Timeline</h2>
        {steps.length === 0 ? <Empty>There was nothing to do.</Empty> : <Timeline steps={steps} now={now} />}
      </section>
    </>
  );
}

const classWords: Readonly<Record<string, string>> = {
  poison: "Poison: set aside, because it takes its process down",
  data: "Data: rows are at fault",
};

function describeSteps(run: RunDto): string {
  const parts = stepStates
    .filter((state) => run.steps[state] > 0)
    .map((state) => `${formatCount(run.steps[state])} ${statusWord(state)}`);
  for (const [reason, count] of Object.entries(run.skipped)) parts.push(`${formatCount(count)} skipped (${reason})`);
  return parts.length === 0 ? "nothing to do" : parts.join(", ");
}
