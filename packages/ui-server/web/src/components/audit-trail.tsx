import { useInfiniteQuery } from "@tanstack/react-query";
import { mergeQuestions } from "../api/merge-queries.ts";
import { formatTime } from "../format.ts";
import { More } from "./more.tsx";
import { Empty, ErrorNotice, Loading } from "./notice.tsx";
import { TableHead } from "./table-head.tsx";

/** What happened to an asset, newest first, in the order of commit: who did it, and why. */
export function AuditTrail({ assetKey }: { readonly assetKey: string }) {
  const pages = useInfiniteQuery(mergeQuestions.audit(assetKey));
  if (pages.isPending) return <Loading what="the audit trail" />;
  if (pages.isError) return <ErrorNotice error={pages.error} />;
  const entries = pages.data.pages.flatMap(({ items }) => items);
  if (entries.length === 0) return <Empty>Nothing has happened yet.</Empty>;
  const hasPartitions = entries.some(({ partition }) => partition !== null && partition !== "");
  return (
    <>
      <div className="scroll-x">
        <table className="audit">
          <TableHead columns={["At", "What", ...(hasPartitions ? ["Partition"] : []), "By", "Told"]} />
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.sequence}>
                <td className="when" title={entry.at}>
                  {formatTime(entry.at)}
                </td>
                <th scope="row">{entry.kind}</th>
                {hasPartitions && <td>{entry.partition}</td>}
                <td>{entry.by}</td>
                <td>{entry.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More pages={pages} />
    </>
  );
}
