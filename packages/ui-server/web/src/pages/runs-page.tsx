import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { questions } from "../api/queries.ts";
import { Empty, ErrorNotice, Loading } from "../components/notice.tsx";
import { StatusBadge } from "../components/status.tsx";
import { StepBar } from "../components/step-bar.tsx";
import { TableHead } from "../components/table-head.tsx";
import { useTitle } from "../components/use-title.ts";
import { formatCount, formatDuration, formatTime } from "../format.ts";

/** Runs and backfills, newest first. */
export function RunsPage() {
  useTitle("Runs");
  const runs = useQuery(questions.runs());
  if (runs.isPending) return <Loading what="runs" />;
  if (runs.isError) return <ErrorNotice error={runs.error} />;
  return (
    <>
      <header className="page-header">
        <h1>Runs</h1>
      </header>
      {runs.data.items.length === 0 && (
        <Empty>
          No runs yet. Press Materialize on an asset, or call <code>watersmeet run '*'</code>.
        </Empty>
      )}
      {runs.data.items.length > 0 && (
        <table>
          <TableHead columns={["Run", "State", "What", "Steps", "Asked by", "Began", "Took"]} />
          <tbody>
            {runs.data.items.map((run) => (
              <tr key={run.id}>
                <th scope="row">
                  <Link to="/runs/$id" params={{ id: run.id }}>
                    {run.id}
                  </Link>
                </th>
                <td>
                  <StatusBadge status={run.state} />
                </td>
                <td>
                  <code>{run.select}</code> {run.partitions}
                </td>
                <td>
                  <StepBar steps={run.steps} />
                  <span className="quiet">{formatCount(run.stepCount)}</span>
                </td>
                <td>{run.requestedBy}</td>
                <td title={run.createdAt}>{formatTime(run.createdAt)}</td>
                <td className="number">
                  {run.startedAt === null || run.finishedAt === null
                    ? ""
                    : formatDuration(Date.parse(run.finishedAt) - Date.parse(run.startedAt))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
