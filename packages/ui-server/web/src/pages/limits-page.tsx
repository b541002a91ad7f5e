import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { LimitDto } from "../../../src/read/limit-dto.ts";
import { questions } from "../api/queries.ts";
import { OrderButton } from "../components/merges/order-dialog.tsx";
import { Empty, ErrorNotice, Loading } from "../components/notice.tsx";
import { TableHead } from "../components/table-head.tsx";
import { useTitle } from "../components/use-title.ts";
import { formatCount, formatDuration, formatTime } from "../format.ts";

/** What all workers together may ask of outside systems, what they ask, and what people set in place of the configuration. */
export function LimitsPage() {
  useTitle("Limits");
  const limits = useQuery({ ...questions.limits(), refetchInterval: 5_000 });
  if (limits.isPending) return <Loading what="limits" />;
  if (limits.isError) return <ErrorNotice error={limits.error} />;
  return (
    <>
      <header className="page-header">
        <h1>Limits</h1>
      </header>
      {limits.data.length === 0 && (
        <Empty>
          No resource is configured. Name outside systems under <code>resources</code> in watersmeet.config.ts.
        </Empty>
      )}
      {limits.data.length > 0 && (
        <table>
          <TableHead columns={["Resource", "Limit", "Configured", "In use", "Waiting", "Rate", "Why", ""]} />
          <tbody>
            {limits.data.map((limit) => (
              <LimitRow key={limit.resource} limit={limit} />
            ))}
          </tbody>
        </table>
      )}
      {limits.data
        .filter(({ configured }) => configured?.kind === "auto")
        .map(({ resource }) => (
          <Moves key={resource} resource={resource} />
        ))}
    </>
  );
}

function LimitRow({ limit }: { readonly limit: LimitDto }) {
  return (
    <tr>
      <th scope="row">{limit.resource}</th>
      <td className="number">{limit.limit === null ? "none" : formatCount(limit.limit)}</td>
      <td>{describeConfigured(limit)}</td>
      <td className="number">{formatCount(limit.taken)}</td>
      <td className="number">{formatCount(limit.waiting)}</td>
      <td>{limit.rate === null ? "" : `${formatCount(limit.rate.count)} per ${formatDuration(limit.rate.perMs)}`}</td>
      <td>
        <Why limit={limit} />
      </td>
      <td>
        <Orders limit={limit} />
      </td>
    </tr>
  );
}

function describeConfigured({ configured }: LimitDto): string {
  if (configured === null) return "none";
  return configured.kind === "fixed"
    ? formatCount(configured.concurrency)
    : `auto, ${configured.min} to ${configured.max}`;
}

function Why({ limit: { override, blockedUntil, heldBecause } }: { readonly limit: LimitDto }) {
  return (
    <>
      {override !== null && (
        <div>
          {override.reason}{" "}
          <span className="quiet" title={override.at}>
            by {override.by}, until {override.until === null ? "another order" : formatTime(override.until)}
          </span>
        </div>
      )}
      {blockedUntil !== null && (
        <div>
          No start before {formatTime(blockedUntil)}
          {heldBecause === null ? "" : `: ${heldBecause}`}
        </div>
      )}
    </>
  );
}

function Orders({ limit }: { readonly limit: LimitDto }) {
  const [units, setUnits] = useState(String(limit.limit ?? 1));
  const path = `/limits/${encodeURIComponent(limit.resource)}`;
  return (
    <>
      <OrderButton
        label="Set"
        buttonLabel={`Set the limit of ${limit.resource}`}
        title={`Set the limit of ${limit.resource}`}
        explanation="It counts for all workers until you clear it. Steps that run go on. The configuration is not changed."
        path={`${path}/set`}
        body={{ concurrency: Number(units) }}
      >
        <label>
          Units at the same time
          <input
            name="units"
            type="number"
            min={1}
            value={units}
            onChange={(event) => setUnits(event.target.value)}
            required
          />
        </label>
      </OrderButton>
      {limit.override !== null && (
        <OrderButton
          label="Clear"
          buttonLabel={`Clear the limit of ${limit.resource}`}
          title={`Let the configured limit of ${limit.resource} count again`}
          explanation={`Configured: ${describeConfigured(limit)}.`}
          path={`${path}/clear`}
          body={{}}
        />
      )}
    </>
  );
}

/** How a limit that adapts moved, newest first. */
function Moves({ resource }: { readonly resource: string }) {
  const moves = useQuery({ ...questions.limitMoves(resource), refetchInterval: 15_000 });
  if (moves.data === undefined || moves.data.length === 0) return null;
  return (
    <section aria-label={`How the limit of ${resource} moved`}>
      <h2>How the limit of {resource} moved</h2>
      <table>
        <TableHead columns={["At", "Limit", "In use", "Ended", "Failed", "Slower", "Why"]} />
        <tbody>
          {moves.data.map((move) => (
            <tr key={move.at}>
              <td title={move.at}>{formatTime(move.at)}</td>
              <td className="number">{formatCount(move.concurrency)}</td>
              <td className="number">{formatCount(move.inFlight)}</td>
              <td className="number">{formatCount(move.completed + move.failed)}</td>
              <td className="number">{formatCount(move.failed)}</td>
              <td className="number">{move.slowdown === null ? "" : `${move.slowdown.toFixed(2)} ×`}</td>
              <td>{move.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
