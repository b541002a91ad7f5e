import { Link } from "@tanstack/react-router";
import type { ContributionDto, ExplainedCellDto, ExplanationDto } from "../../../../src/read/merges/explanation-dto.ts";
import { lateWords, renderOrigin, shortId } from "../../../../src/read/merges/merge-words.ts";
import { Empty } from "../notice.tsx";
import { showValue } from "../row-preview.tsx";
import { StatusBadge } from "../status.tsx";
import { TableHead } from "../table-head.tsx";

/** Why a row is as it is: cell by cell, then tombstones, then everything else that was said. */
export function ExplanationView({ explanation }: { readonly explanation: ExplanationDto }) {
  const { cells, tombstones, others, row } = explanation;
  return (
    <>
      {row === null && <p className="notice">There is no row of this key in version {explanation.version}.</p>}
      {!explanation.isByPresentRules && (
        <p className="notice">
          This version was made by other rules than the code has now: this is what today's make of what was delivered.
        </p>
      )}
      {explanation.isConflict && (
        <p className="notice">The sources disagree, and the policy keeps what each of them says.</p>
      )}
      {cells
        .filter((cell) => row !== null || isSaid(cell))
        .map((cell) => (
          <Cell key={cell.column} cell={cell} />
        ))}
      <section aria-labelledby="tombstones">
        <h2 id="tombstones">Tombstones</h2>
        {tombstones.length === 0 ? (
          <Empty>Nobody deleted or withdrew this key.</Empty>
        ) : (
          <ContributionTable contributions={tombstones} column={undefined} />
        )}
      </section>
      <section aria-labelledby="others">
        <h2 id="others">Also said</h2>
        {others.length === 0 ? (
          <Empty>Nothing was held, revoked, rejected, masked or delivered twice.</Empty>
        ) : (
          <ContributionTable contributions={others} column={undefined} />
        )}
      </section>
    </>
  );
}

function isSaid({ winners, runnersUp }: ExplainedCellDto): boolean {
  return winners.length + runnersUp.length > 0;
}

function Cell({ cell }: { readonly cell: ExplainedCellDto }) {
  const id = `cell-${cell.column}`;
  return (
    <section aria-labelledby={id} data-column={cell.column}>
      <h2 id={id}>
        {cell.column}: {showValue(cell.value)} <span className="kind">{cell.policy}</span>
      </h2>
      {!isSaid(cell) ? (
        <Empty>Nobody says anything of this column.</Empty>
      ) : (
        <ContributionTable
          contributions={[...cell.winners, ...cell.runnersUp]}
          column={cell.column}
          winnerCount={cell.winners.length}
        />
      )}
    </section>
  );
}

interface TableProps {
  readonly contributions: readonly ContributionDto[];
  /** Whose value is shown; without one, all that is said. */
  readonly column: string | undefined;
  /** So many of the first have won, the others would come next in this order. */
  readonly winnerCount?: number;
}

function ContributionTable({ contributions, column, winnerCount }: TableProps) {
  return (
    <div className="scroll-x">
      <table className="contributions">
        <TableHead columns={["What", "Branch", "Says", "Token", "Batch", "Delivered by"]} />
        <tbody>
          {contributions.map((contribution, index) => (
            <tr key={index}>
              <th scope="row">
                <Place contribution={contribution} index={index} winnerCount={winnerCount} />
              </th>
              <td>{contribution.branch}</td>
              <td>{column === undefined ? describeAll(contribution) : showValue(contribution.cells[column])}</td>
              <td>{contribution.token.map(({ part, value }) => `${part} ${value}`).join(", ")}</td>
              <td>
                <code title={contribution.batch.id}>{shortId(contribution.batch.id)}</code>
                <div className="quiet">{describeBatch(contribution)}</div>
              </td>
              <td>
                <Origin origin={contribution.batch.origin} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Place({
  contribution,
  index,
  winnerCount,
}: {
  readonly contribution: ContributionDto;
  readonly index: number;
  readonly winnerCount: number | undefined;
}) {
  if (winnerCount === undefined) return <StatusBadge status={contribution.fate} />;
  if (index < winnerCount) return <StatusBadge status="winner" />;
  return <>runner-up {index - winnerCount + 1}</>;
}

function describeAll({ operation, cells }: ContributionDto): string {
  const said = Object.entries(cells).map(([column, value]) => `${column}=${JSON.stringify(value)}`);
  return [operation, ...said].join(" ");
}

function describeBatch({ batch, lateClass }: ContributionDto): string {
  const { generation, epoch, standing, cursor } = batch;
  return [
    standing,
    `generation ${generation}`,
    `epoch ${epoch}`,
    lateWords[lateClass],
    ...(cursor === null ? [] : [`cursor ${cursor.from ?? "the beginning"} to ${cursor.to}`]),
  ].join(", ");
}

function Origin({ origin }: { readonly origin: ContributionDto["batch"]["origin"] }) {
  if (origin === null) return null;
  return (
    <>
      <Link to="/assets/$key" params={{ key: origin.asset }}>
        {renderOrigin(origin)}
      </Link>
      <div className="quiet">
        code <code title={origin.codeVersion}>{origin.codeVersion.slice(0, 12)}</code>
        {origin.runId !== null && (
          <>
            , run{" "}
            <Link to="/runs/$id" params={{ id: origin.runId }}>
              {origin.runId}
            </Link>
          </>
        )}
        {origin.traceId !== null && (
          <>
            , trace <code>{origin.traceId}</code>
          </>
        )}
      </div>
    </>
  );
}
