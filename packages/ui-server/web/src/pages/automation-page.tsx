import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { AutomationDto } from "../../../src/read/automation-dto.ts";
import { automationQuestions } from "../api/automation-queries.ts";
import { postJson } from "../api/client.ts";
import { TickTable } from "../components/automation/tick-table.tsx";
import { OrderButton } from "../components/merges/order-dialog.tsx";
import { More } from "../components/more.tsx";
import { Empty, ErrorNotice, Loading } from "../components/notice.tsx";
import { StatusBadge } from "../components/status.tsx";
import { TableHead } from "../components/table-head.tsx";
import { useTitle } from "../components/use-title.ts";
import { formatTime } from "../format.ts";

/** What starts runs by itself: conditions, schedules and sensors, when they are looked at next, and what they came to. */
export function AutomationPage() {
  useTitle("Automation");
  const automations = useQuery({ ...automationQuestions.all(), refetchInterval: 10_000 });
  if (automations.isPending) return <Loading what="automation" />;
  if (automations.isError) return <ErrorNotice error={automations.error} />;
  return (
    <>
      <header className="page-header">
        <h1>Automation</h1>
      </header>
      {automations.data.length === 0 ? (
        <Empty>
          Nothing starts runs by itself. Give an asset <code>automation: eager()</code>, or export a{" "}
          <code>schedule</code> or a <code>sensor</code>.
        </Empty>
      ) : (
        <table>
          <TableHead columns={["Name", "Kind", "Says", "Next", "Last came to", ""]} />
          <tbody>
            {automations.data.map((automation) => (
              <AutomationRow key={automation.name} automation={automation} />
            ))}
          </tbody>
        </table>
      )}
      <section aria-labelledby="history">
        <h2 id="history">History</h2>
        <History />
      </section>
    </>
  );
}

function AutomationRow({ automation }: { readonly automation: AutomationDto }) {
  const { name, kind, says, doc, pause, failure, lastTick } = automation;
  return (
    <tr>
      <th scope="row" title={doc}>
        {kind === "condition" ? (
          <Link to="/assets/$key" params={{ key: name }}>
            {name}
          </Link>
        ) : (
          name
        )}
      </th>
      <td>{kind}</td>
      <td>
        <code>{says}</code>
      </td>
      <td>
        <Next automation={automation} />
      </td>
      <td>
        {failure === null ? (lastTick?.message ?? "") : <span className="badge tone-failed">{failure.message}</span>}
      </td>
      <td>{pause === null ? <Pause name={name} /> : <Resume name={name} />}</td>
    </tr>
  );
}

function Next({ automation: { pause, nextAt, kind } }: { readonly automation: AutomationDto }) {
  if (pause !== null) {
    return (
      <>
        <StatusBadge status="paused" /> by {pause.by}: {pause.reason}
      </>
    );
  }
  if (nextAt !== null) return <span title={nextAt}>{formatTime(nextAt)}</span>;
  return <span className="quiet">{kind === "condition" ? "when something changes" : "at once"}</span>;
}

function Pause({ name }: { readonly name: string }) {
  return (
    <OrderButton
      label="Pause"
      buttonLabel={`Pause ${name}`}
      title={`Pause ${name}`}
      explanation="It is evaluated no more until somebody resumes it. Runs that it has started go on."
      path={`/automations/${encodeURIComponent(name)}/pause`}
      body={{}}
    />
  );
}

function Resume({ name }: { readonly name: string }) {
  const client = useQueryClient();
  const resume = useMutation({
    mutationFn: () => postJson<AutomationDto>(`/automations/${encodeURIComponent(name)}/resume`, {}),
    onSuccess: () => client.invalidateQueries({ queryKey: ["automations"] }),
  });
  return (
    <>
      <button
        type="button"
        aria-label={`Resume ${name}`}
        title="Ticks of the time in between are not made up for"
        onClick={() => resume.mutate()}
        disabled={resume.isPending}
      >
        Resume
      </button>
      {resume.error !== null && <ErrorNotice error={resume.error} />}
    </>
  );
}

function History() {
  const pages = useInfiniteQuery(automationQuestions.ticks());
  if (pages.isPending) return <Loading what="history" />;
  if (pages.isError) return <ErrorNotice error={pages.error} />;
  const ticks = pages.data.pages.flatMap(({ items }) => items);
  return (
    <>
      {ticks.length === 0 ? <Empty>Nothing has come to anything yet.</Empty> : <TickTable ticks={ticks} />}
      <More pages={pages} />
    </>
  );
}
