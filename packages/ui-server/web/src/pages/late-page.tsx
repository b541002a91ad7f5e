import { useInfiniteQuery } from "@tanstack/react-query";
import { mergeQuestions } from "../api/merge-queries.ts";
import { BatchTable } from "../components/merges/batch-table.tsx";
import { More } from "../components/more.tsx";
import { Empty, ErrorNotice, Loading } from "../components/notice.tsx";
import { useTitle } from "../components/use-title.ts";

/** The holding area: batches of all merges that came too late to count by themselves, and wait for a decision. */
export function LatePage() {
  useTitle("Late data");
  const pages = useInfiniteQuery(mergeQuestions.late());
  if (pages.isPending) return <Loading what="late data" />;
  if (pages.isError) return <ErrorNotice error={pages.error} />;
  const batches = pages.data.pages.flatMap(({ items }) => items);
  return (
    <>
      <header className="page-header">
        <h1>Late data</h1>
      </header>
      <p className="doc">
        Rows that came too late to count by themselves wait here. Reconciled, they count, and the table is as if they
        had come in time; rejected, they do not, and stay on record.
      </p>
      {batches.length === 0 ? <Empty>Nothing waits.</Empty> : <BatchTable batches={batches} isHoldingArea />}
      <More pages={pages} />
    </>
  );
}
