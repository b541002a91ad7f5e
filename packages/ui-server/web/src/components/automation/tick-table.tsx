import { Link } from "@tanstack/react-router";
import type { TickDto } from "../../../../src/read/automation-dto.ts";
import { formatTime } from "../../format.ts";
import { StatusBadge } from "../status.tsx";
import { TableHead } from "../table-head.tsx";
import { EvaluationSteps } from "./evaluation-steps.tsx";

/** What evaluations came to, newest first, each with its runs and, of a condition, the evaluation step by step. */
export function TickTable({ ticks }: { readonly ticks: readonly TickDto[] }) {
  return (
    <table>
      <TableHead columns={["When", "Name", "Outcome", "What", "Runs"]} />
      <tbody>
        {ticks.map((tick) => (
          <tr key={tick.id}>
            <td title={tick.evaluatedAt}>{formatTime(tick.evaluatedAt)}</td>
            <th scope="row">{tick.name}</th>
            <td>
              <StatusBadge status={tick.outcome} />
            </td>
            <td>
              {tick.message}
              {tick.explanation !== null && (
                <details>
                  <summary>Why, step by step</summary>
                  <EvaluationSteps step={tick.explanation} />
                </details>
              )}
            </td>
            <td>
              {tick.requests.map((request, index) => (
                <div key={request.runId ?? index}>
                  <code>{request.select}</code> {request.partitions}{" "}
                  {request.runId === null ? (
                    <span className="quiet">{request.failure === null ? "is being started" : "could not be run"}</span>
                  ) : (
                    <Link to="/runs/$id" params={{ id: request.runId }}>
                      run {request.runId}
                    </Link>
                  )}
                </div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
