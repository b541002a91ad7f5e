import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { AssetDetailDto } from "../../../src/read/asset-dto.ts";
import { questions } from "../api/queries.ts";
import { MaterializeButton } from "../components/materialize-dialog.tsx";
import { ErrorNotice, Loading } from "../components/notice.tsx";
import { PartitionGrid } from "../components/partition-grid.tsx";
import { RowPreview } from "../components/row-preview.tsx";
import { StatusBadge } from "../components/status.tsx";
import { useTitle } from "../components/use-title.ts";
import { VersionList } from "../components/version-list.tsx";
import { describeMapping } from "./graph-page.tsx";

/** What an asset is, which partitions it has, and every version with what it was made from. */
export function AssetPage({ assetKey }: { readonly assetKey: string }) {
  const asset = useQuery(questions.asset(assetKey));
  const partitions = useQuery(questions.partitions(assetKey));
  const [partition, setPartition] = useState<string | undefined>();
  useTitle(`${assetKey} · ${asset.data?.health ?? ""}`);
  if (asset.isPending) return <Loading what={assetKey} />;
  if (asset.isError) return <ErrorNotice error={asset.error} />;
  return (
    <>
      <header className="page-header">
        <h1>{assetKey}</h1>
        <span className="kind">{asset.data.kind}</span>
        <StatusBadge status={asset.data.health} />
        <span className="spacer" />
        <MaterializeButton select={assetKey} isPartitioned={asset.data.partitions !== null} />
      </header>
      {asset.data.doc !== "" && <p className="doc">{asset.data.doc}</p>}
      <Definition asset={asset.data} />
      <section aria-labelledby="partitions">
        <h2 id="partitions">Partitions</h2>
        {partitions.isError && <ErrorNotice error={partitions.error} />}
        {partitions.data !== undefined && (
          <PartitionGrid partitions={partitions.data} selected={partition} onSelect={setPartition} />
        )}
      </section>
      <section aria-labelledby="versions">
        <h2 id="versions">Versions{partition === undefined ? "" : ` of ${partition}`}</h2>
        <VersionList assetKey={assetKey} partition={partition} />
      </section>
      <section aria-labelledby="rows">
        <h2 id="rows">Rows{partition === undefined ? "" : ` of ${partition}`}</h2>
        <RowPreview assetKey={assetKey} partition={partition} />
      </section>
    </>
  );
}

function Definition({ asset }: { readonly asset: AssetDetailDto }) {
  return (
    <section aria-labelledby="definition">
      <h2 id="definition">Definition</h2>
      <dl className="facts">
        <dt>Declared in</dt>
        <dd>
          <code>
            {asset.file}:{asset.line}
          </code>
        </dd>
        <dt>Inputs</dt>
        <dd>
          {asset.inputs.length === 0 ? "none" : null}
          {asset.inputs.map((input) => (
            <div key={`${input.asset} ${input.name}`}>
              <Link to="/assets/$key" params={{ key: input.asset }}>
                {input.asset}
              </Link>{" "}
              <span className="quiet">
                as {input.name}, {describeMapping(input.mapping)}
                {input.isOptional ? ", optional" : ""}
              </span>
            </div>
          ))}
        </dd>
        <dt>Read by</dt>
        <dd>
          {asset.downstream.length === 0 ? "nothing" : null}
          {asset.downstream.map((key) => (
            <span key={key}>
              <Link to="/assets/$key" params={{ key }}>
                {key}
              </Link>{" "}
            </span>
          ))}
        </dd>
        {asset.resource !== null && (
          <>
            <dt>Resource</dt>
            <dd>{asset.resource}</dd>
          </>
        )}
        {asset.policy !== null && (
          <>
            <dt>Policy</dt>
            <dd>
              {asset.policy.rows} by {asset.policy.key.join(", ")}
              {Object.entries(asset.policy.columns).map(([column, policy]) => `; ${column}: ${policy}`)}
            </dd>
          </>
        )}
        <dt>Code version</dt>
        <dd>
          <code title={asset.codeVersion}>{asset.codeVersion.slice(0, 12)}</code>
        </dd>
      </dl>
      <table>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Type</th>
            <th scope="col">Gates</th>
          </tr>
        </thead>
        <tbody>
          {asset.columns.map((column) => (
            <tr key={column.name}>
              <th scope="row">{column.name}</th>
              <td>
                {column.type}
                {column.isNullable ? ", may be null" : ""}
              </td>
              <td className="quiet">
                {asset.gates
                  .filter(({ id }) => id.split(/[^A-Za-z0-9_]+/).includes(column.name))
                  .map(({ message }) => message)
                  .join("; ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
