import { useQuery } from "@tanstack/react-query";
import type { BreakerDto } from "../../../src/read/breaker-dto.ts";
import { questions } from "../api/queries.ts";
import { OrderButton } from "../components/merges/order-dialog.tsx";
import { Empty, ErrorNotice, Loading } from "../components/notice.tsx";
import { StatusBadge } from "../components/status.tsx";
import { TableHead } from "../components/table-head.tsx";
import { useTitle } from "../components/use-title.ts";
import { formatCount, formatTime } from "../format.ts";

/** The circuit breakers of resources: which outside system is left alone, since when, why, and who waits for it. */
export function BreakersPage() {
  useTitle("Breakers");
  const breakers = useQuery({ ...questions.breakers(), refetchInterval: 5_000 });
  if (breakers.isPending) return <Loading what="breakers" />;
  if (breakers.isError) return <ErrorNotice error={breakers.error} />;
  return (
    <>
      <header className="page-header">
        <h1>Breakers</h1>
      </header>
      {breakers.data.length === 0 && (
        <Empty>
          No resource is configured. Name outside systems under <code>resources</code> in watersmeet.config.ts.
        </Empty>
      )}
      {breakers.data.length > 0 && (
        <table>
          <TableHead columns={["Resource", "State", "Calls", "Failed", "Retries", "Waiting", "Why", ""]} />
          <tbody>
            {breakers.data.map((breaker) => (
              <BreakerRow key={breaker.resource} breaker={breaker} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function BreakerRow({ breaker }: { readonly breaker: BreakerDto }) {
  const { calls, retries } = breaker;
  return (
    <tr>
      <th scope="row">{breaker.resource}</th>
      <td>
        <StatusBadge status={breaker.state} />
      </td>
      <td className="number">{formatCount(calls.ok + calls.failed)}</td>
      <td className="number">{formatCount(calls.failed)}</td>
      <td className="number">
        {formatCount(retries.retries)}
        {retries.allowed === null ? "" : ` of ${formatCount(retries.allowed)}`}
      </td>
      <td className="number">{formatCount(breaker.waiting)}</td>
      <td>
        <Why breaker={breaker} />
      </td>
      <td>
        <Orders breaker={breaker} />
      </td>
    </tr>
  );
}

function Why({ breaker }: { readonly breaker: BreakerDto }) {
  return (
    <>
      {breaker.reason !== null && (
        <div>
          {breaker.reason}
          {breaker.until !== null && breaker.state !== "halfOpen" && (
            <span className="quiet" title={breaker.until}>
              {" "}
              until {formatTime(breaker.until)}
            </span>
          )}
          {breaker.changedBy !== "watersmeet" && <span className="quiet"> by {breaker.changedBy}</span>}
        </div>
      )}
      {breaker.setApart.map((worker) => (
        <div key={worker.workerId}>
          Worker {worker.workerId} is set apart until {formatTime(worker.until)}: {worker.reason}
        </div>
      ))}
    </>
  );
}

function Orders({ breaker }: { readonly breaker: BreakerDto }) {
  const path = `/breakers/${encodeURIComponent(breaker.resource)}`;
  if (breaker.state !== "closed") {
    return (
      <OrderButton
        label="Close breaker"
        buttonLabel={`Close the breaker of ${breaker.resource}`}
        title={`Close the breaker of ${breaker.resource}`}
        explanation="Steps that wait for it go on at once. When calls still fail it opens again."
        path={`${path}/close`}
        body={{}}
      />
    );
  }
  return (
    <OrderButton
      label="Hold open"
      buttonLabel={`Hold the breaker of ${breaker.resource} open`}
      title={`Leave ${breaker.resource} alone`}
      explanation="No further step uses it until you close the breaker. Steps that wait lose no attempt."
      path={`${path}/open`}
      body={{}}
    />
  );
}
