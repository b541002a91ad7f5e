import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { MergeDto } from "../../../src/read/merges/merge-dto.ts";
import { mergeQuestions } from "../api/merge-queries.ts";
import { questions } from "../api/queries.ts";
import { MaterializeButton } from "../components/materialize-dialog.tsx";
import { BatchTable } from "../components/merges/batch-table.tsx";
import { CutHistory } from "../components/merges/cut-history.tsx";
import { HeldActions } from "../components/merges/held-actions.tsx";
import { SchemaHistory } from "../components/merges/schema-history.tsx";
import { PointList, SynchronizationPoint } from "../components/merges/synchronization-point.tsx";
import { UnfreezeButton } from "../components/merges/unfreeze-button.tsx";
import { More } from "../components/more.tsx";
import { Empty, ErrorNotice, Loading } from "../components/notice.tsx";
import { RowTable } from "../components/row-preview.tsx";
import { useTitle } from "../components/use-title.ts";

interface Props {
  readonly mergeKey: string;
  readonly partition: string | undefined;
}

/** A merge as the point where branches meet: what it joined, what it waits for, what was left out, and what can be done about it. */
export function MergePage({ mergeKey, partition }: Props) {
  useTitle(`${mergeKey} · merge`);
  const merge = useQuery(mergeQuestions.merge(mergeKey));
  if (merge.isPending) return <Loading what={mergeKey} />;
  if (merge.isError) return <ErrorNotice error={merge.error} />;
  return (
    <>
      <MergeHeader merge={merge.data} />
      {merge.data.isFrozen && (
        <div className="notice notice-error" role="alert">
          <strong>Frozen</strong> A check found rows that do not follow from the batches, and nothing is published.
          <UnfreezeButton merge={mergeKey} />
        </div>
      )}
      <Points merge={merge.data} partition={partition} />
      <section aria-labelledby="rows">
        <h2 id="rows">Rows</h2>
        <ExplainableRows merge={merge.data} partition={partition} />
      </section>
      <section aria-labelledby="batches">
        <h2 id="batches">Batches</h2>
        <Batches mergeKey={mergeKey} partition={partition} />
      </section>
      <section aria-labelledby="cuts">
        <h2 id="cuts">History of cuts</h2>
        <CutHistory mergeKey={mergeKey} partition={partition} />
      </section>
      <section aria-labelledby="schema">
        <h2 id="schema">Forms of the schema</h2>
        <SchemaHistory mergeKey={mergeKey} />
      </section>
    </>
  );
}

function MergeHeader({ merge }: { readonly merge: MergeDto }) {
  const held = merge.partitions.reduce((sum, point) => sum + point.held, 0);
  return (
    <>
      <header className="page-header">
        <h1>{merge.asset}</h1>
        <span className="kind">merge</span>
        <Link to="/assets/$key" params={{ key: merge.asset }}>
          Definition, versions and audit trail
        </Link>
        <span className="spacer" />
        {held > 0 && <HeldActions merge={merge.asset} batchIds="all" count={held} name="all that is held" />}
        <MaterializeButton
          select={merge.asset}
          isPartitioned={merge.partitions.some((point) => point.partition !== "")}
        />
      </header>
      <p className="quiet">
        {merge.policy.rows} by {merge.policy.key.join(", ")}
        {Object.entries(merge.policy.columns).map(([column, policy]) => `; ${column}: ${policy}`)}
      </p>
    </>
  );
}

function Points({ merge, partition }: { readonly merge: MergeDto; readonly partition: string | undefined }) {
  const navigate = useNavigate();
  const [first, ...others] = merge.partitions;
  const point = merge.partitions.find((candidate) => candidate.partition === partition) ?? first;
  const select = (name: string): void =>
    void navigate({ to: "/merges/$key", params: { key: merge.asset }, search: { partition: name } });
  return (
    <section aria-labelledby="point">
      <h2 id="point">
        Synchronization point{others.length > 0 && point !== undefined ? ` of ${point.partition}` : ""}
      </h2>
      {others.length > 0 && <PointList points={merge.partitions} selected={point?.partition} onSelect={select} />}
      {point === undefined ? (
        <Empty>Nothing has been joined yet, and nothing waits.</Empty>
      ) : (
        <SynchronizationPoint point={point} />
      )}
    </section>
  );
}

function ExplainableRows({ merge, partition }: { readonly merge: MergeDto; readonly partition: string | undefined }) {
  const rows = useQuery(questions.rows(merge.asset, partition));
  if (rows.isPending) return <Loading what="rows" />;
  if (rows.isError) return <ErrorNotice error={rows.error} />;
  return (
    <RowTable
      rows={rows.data.rows}
      action={(row) => {
        const cells = merge.policy.key.map((column) => [`key.${column}`, String(row[column])] as const);
        const name = cells.map(([, text]) => text).join(", ");
        return (
          <Link
            to="/merges/$key/explain"
            params={{ key: merge.asset }}
            search={{ ...Object.fromEntries(cells), ...(partition !== undefined && { partition }) }}
            aria-label={`Explain ${name}`}
          >
            Explain
          </Link>
        );
      }}
    />
  );
}

const standings = ["live", "held", "rejected", "revoked", "superseded"] as const;

function Batches({ mergeKey, partition }: Props) {
  const [standing, setStanding] = useState<string | undefined>();
  const pages = useInfiniteQuery(mergeQuestions.batches(mergeKey, { partition, standing }));
  return (
    <>
      <label className="filter">
        Standing{" "}
        <select value={standing ?? ""} onChange={(event) => setStanding(event.target.value || undefined)}>
          <option value="">any</option>
          {standings.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {pages.isPending && <Loading what="batches" />}
      {pages.isError && <ErrorNotice error={pages.error} />}
      {pages.data !== undefined && <BatchPages pages={pages.data.pages} />}
      <More pages={pages} />
    </>
  );
}

function BatchPages({
  pages,
}: {
  readonly pages: readonly { readonly items: Parameters<typeof BatchTable>[0]["batches"] }[];
}) {
  const batches = pages.flatMap(({ items }) => items);
  return batches.length === 0 ? <Empty>No batches.</Empty> : <BatchTable batches={batches} />;
}
