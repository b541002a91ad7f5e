import { useInfiniteQuery } from "@tanstack/react-query";
import type { CutDto } from "../../../../src/read/merges/cut-dto.ts";
import { renderDecision, shortId } from "../../../../src/read/merges/merge-words.ts";
import { mergeQuestions } from "../../api/merge-queries.ts";
import { formatDuration, formatPartition, formatTime } from "../../format.ts";
import { More } from "../more.tsx";
import { Empty, ErrorNotice, Loading } from "../notice.tsx";
import { RollbackButton } from "../rollback-button.tsx";
import { TableHead } from "../table-head.tsx";
import { FateCounts } from "./synchronization-point.tsx";

/** Versions of a merge, newest first, each with what it joins and how its counts differ from the version before. */
export function CutHistory({
  mergeKey,
  partition,
}: {
  readonly mergeKey: string;
  readonly partition: string | undefined;
}) {
  const pages = useInfiniteQuery(mergeQuestions.cuts(mergeKey, partition));
  if (pages.isPending) return <Loading what="cuts" />;
  if (pages.isError) return <ErrorNotice error={pages.error} />;
  const cuts = pages.data.pages.flatMap(({ items }) => items);
  if (cuts.length === 0) return <Empty>Nothing has been joined yet.</Empty>;
  const hasPartitions = cuts.some(({ partition }) => partition !== "");
  const newest = new Set(cuts.filter((cut) => cuts.find(isOf(cut.partition)) === cut));
  return (
    <>
      <div className="scroll-x">
        <table className="cuts">
          <TableHead
            columns={[
              "Version",
              ...(hasPartitions ? ["Partition"] : []),
              "Joined",
              "Contributions, and what changed",
              "Actions",
            ]}
          />
          <tbody>
            {cuts.map((cut, index) => (
              <tr key={`${cut.partition} ${cut.version}`}>
                <th scope="row">
                  {cut.version}
                  <div className="quiet">
                    cut <code title={cut.id}>{shortId(cut.id)}</code>
                  </div>
                </th>
                {hasPartitions && <td>{formatPartition(cut.partition)}</td>}
                <td title={cut.committedAt}>
                  {formatTime(cut.committedAt)}
                  <div className="quiet">{renderDecision(cut.decision, formatDuration)}</div>
                </td>
                <td>
                  <FateCounts fates={cut.fates} before={cuts.slice(index + 1).find(isOf(cut.partition))?.fates} />
                </td>
                <td>
                  {!newest.has(cut) && (
                    <RollbackButton asset={mergeKey} partition={cut.partition} version={cut.version} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More pages={pages} />
    </>
  );
}

function isOf(partition: string): (cut: CutDto) => boolean {
  return (cut) => cut.partition === partition;
}
