import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { MaterializationDto } from "../../../src/read/materialization-dto.ts";
import { questions } from "../api/queries.ts";
import { formatBytes, formatCount, formatPartition, formatTime } from "../format.ts";
import { More } from "./more.tsx";
import { Empty, ErrorNotice, Loading } from "./notice.tsx";
import { RollbackButton } from "./rollback-button.tsx";
import { TableHead } from "./table-head.tsx";

/** Versions, newest first, each with the versions that it was made from. */
export function VersionList({
  assetKey,
  partition,
}: {
  readonly assetKey: string;
  readonly partition: string | undefined;
}) {
  const versions = useInfiniteQuery(questions.materializations(assetKey, partition));
  if (versions.isPending) return <Loading what="versions" />;
  if (versions.isError) return <ErrorNotice error={versions.error} />;
  const items = versions.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <Empty>Nothing has been materialized yet.</Empty>;
  return (
    <>
      <table className="versions">
        <TableHead columns={["Version", "Partition", "Rows", "Committed", "Made from", "Run"]} />
        <tbody>
          {items.map((version) => (
            <Version key={version.id} version={version} />
          ))}
        </tbody>
      </table>
      <More pages={versions} />
    </>
  );
}

function Version({ version }: { readonly version: MaterializationDto }) {
  return (
    <tr>
      <th scope="row">
        {version.version}
        {version.isHead ? (
          <span className="badge tone-ok"> served</span>
        ) : (
          <div>
            <RollbackButton asset={version.asset} partition={version.partition} version={version.version} />
          </div>
        )}
      </th>
      <td>{formatPartition(version.partition)}</td>
      <td className="number" title={formatBytes(version.sizeBytes)}>
        {formatCount(version.rowCount)}
        {version.quarantinedCount > 0 && (
          <div className="quiet">{formatCount(version.quarantinedCount)} quarantined</div>
        )}
      </td>
      <td title={version.committedAt}>{formatTime(version.committedAt)}</td>
      <td>
        <Inputs inputs={version.inputs} />
        {version.facts !== null && JSON.stringify(version.facts) !== "{}" && (
          <details>
            <summary>facts</summary>
            <pre>{JSON.stringify(version.facts, null, 2)}</pre>
          </details>
        )}
      </td>
      <td>
        {version.runId !== null && (
          <Link to="/runs/$id" params={{ id: version.runId }}>
            {version.runId.slice(0, 8)}
          </Link>
        )}
      </td>
    </tr>
  );
}

function Inputs({ inputs }: { readonly inputs: MaterializationDto["inputs"] }) {
  if (inputs.length === 0) return <span className="quiet">the outside world</span>;
  const lines = inputs.map((input) => (
    <div key={`${input.position} ${input.asset} ${input.partition}`}>
      <Link to="/assets/$key" params={{ key: input.asset }}>
        {input.asset}
      </Link>
      {input.partition === "" ? "" : `@${input.partition}`} version {input.version}
    </div>
  ));
  if (inputs.length <= 3) return <>{lines}</>;
  return (
    <details>
      <summary>{formatCount(inputs.length)} versions</summary>
      {lines}
    </details>
  );
}
