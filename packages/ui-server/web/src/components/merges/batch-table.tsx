import { useQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import type { BatchDto, BatchRowsDto } from "../../../../src/read/merges/batch-dto.ts";
import { lateWords, renderLateness, renderOrigin, shortId } from "../../../../src/read/merges/merge-words.ts";
import { mergeQuestions } from "../../api/merge-queries.ts";
import { formatCount, formatPartition, formatTime } from "../../format.ts";
import { ErrorNotice, Loading } from "../notice.tsx";
import { RowTable } from "../row-preview.tsx";
import { StatusBadge } from "../status.tsx";
import { TableHead } from "../table-head.tsx";
import { HeldActions } from "./held-actions.tsx";
import { OrderButton } from "./order-dialog.tsx";

interface Props {
  readonly batches: readonly BatchDto[];
  /** Whether it is the holding area: of several merges, so that each is named, and all of one standing. @default false */
  readonly isHoldingArea?: boolean;
}

/** What branches handed over, each with what can be done about it and, on demand, its rows. */
export function BatchTable({ batches, isHoldingArea = false }: Props) {
  const [shown, setShown] = useState<string | undefined>();
  const hasPartitions = batches.some(({ partition }) => partition !== "");
  const columns = [
    "Batch",
    ...(isHoldingArea ? ["Merge"] : []),
    ...(hasPartitions ? ["Partition"] : []),
    "Branch",
    ...(isHoldingArea ? [] : ["Standing"]),
    "Rows",
    "Lateness",
    "Event times",
    "Delivered by",
    "Sealed",
    "Actions",
  ];
  return (
    <div className="scroll-x">
      <table className="batches">
        <TableHead columns={columns} />
        <tbody>
          {batches.map((batch) => (
            <Fragment key={`${batch.asset} ${batch.partition} ${batch.id}`}>
              <BatchLine
                batch={batch}
                isHoldingArea={isHoldingArea}
                hasPartitions={hasPartitions}
                isShown={shown === batch.id}
                onShow={() => setShown(shown === batch.id ? undefined : batch.id)}
              />
              {shown === batch.id && (
                <tr>
                  <td colSpan={columns.length}>
                    <BatchRows id={batch.id} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface LineProps {
  readonly batch: BatchDto;
  readonly isHoldingArea: boolean;
  readonly hasPartitions: boolean;
  readonly isShown: boolean;
  readonly onShow: () => void;
}

function BatchLine({ batch, isHoldingArea, hasPartitions, isShown, onShow }: LineProps) {
  return (
    <tr data-batch={batch.id} data-standing={batch.standing}>
      <th scope="row">
        <button type="button" className="link" aria-expanded={isShown} title="Show its rows" onClick={onShow}>
          <code>{shortId(batch.id)}</code>
        </button>
        {batch.generation > 1 && <div className="quiet">generation {batch.generation}</div>}
      </th>
      {isHoldingArea && (
        <td>
          <a href={`/merges/${encodeURIComponent(batch.asset)}`}>{batch.asset}</a>
        </td>
      )}
      {hasPartitions && <td>{formatPartition(batch.partition)}</td>}
      <td>{batch.branch}</td>
      {!isHoldingArea && (
        <td>
          <StatusBadge status={batch.standing} />
        </td>
      )}
      <td className="number">
        {formatCount(batch.rowCount)}
        {batch.rejectedCount > 0 && <div className="quiet">{formatCount(batch.rejectedCount)} rejected</div>}
      </td>
      <td>{renderLateness(batch.lateness)}</td>
      <td className="when">
        <EventTimes times={batch.eventTimes} />
      </td>
      <td>{renderOrigin(batch.origin)}</td>
      <td className="when" title={batch.sealedAt}>
        {formatTime(batch.sealedAt)}
      </td>
      <td>
        <BatchActions batch={batch} />
      </td>
    </tr>
  );
}

function EventTimes({ times }: { readonly times: BatchDto["eventTimes"] }) {
  if (times === null) return null;
  if (times.least === times.greatest) return times.least;
  return (
    <>
      {times.least}
      <div>to {times.greatest}</div>
    </>
  );
}

function BatchActions({ batch }: { readonly batch: BatchDto }) {
  const name = shortId(batch.id);
  if (batch.standing === "held") {
    return <HeldActions merge={batch.asset} batchIds={[batch.id]} count={1} name={name} />;
  }
  if (batch.standing !== "live") return null;
  return (
    <OrderButton
      label="Revoke"
      buttonLabel={`Revoke ${name}`}
      title={`Revoke batch ${name} of ${batch.branch}`}
      explanation={`${batch.asset} is made again from what remains. Later work stays. The batch returns only as a new generation.`}
      path={`/merges/${encodeURIComponent(batch.asset)}/revoke`}
      body={{ what: { kind: "batches", batchIds: [batch.id] } }}
      canPreview
    />
  );
}

function BatchRows({ id }: { readonly id: string }) {
  const rows = useQuery(mergeQuestions.batchRows(id));
  if (rows.isPending) return <Loading what="rows" />;
  if (rows.isError) return <ErrorNotice error={rows.error} />;
  return <RowTable rows={rows.data.rows.map(describeRow)} />;
}

function describeRow(row: BatchRowsDto["rows"][number]): Readonly<Record<string, unknown>> {
  return {
    does: row.operation,
    ...row.key,
    ...row.cells,
    "event time": row.eventTime,
    came: lateWords[row.lateClass],
    ...(row.fault !== null && { fault: row.fault }),
  };
}
