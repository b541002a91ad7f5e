import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { questions } from "../api/queries.ts";
import { AuditTrail } from "../components/audit-trail.tsx";
import { AssetAutomation } from "../components/automation/asset-automation.tsx";
import { Definition } from "../components/definition.tsx";
import { MaterializeButton } from "../components/materialize-dialog.tsx";
import { ErrorNotice, Loading } from "../components/notice.tsx";
import { PartitionGrid } from "../components/partition-grid.tsx";
import { RowPreview } from "../components/row-preview.tsx";
import { StatusBadge } from "../components/status.tsx";
import { UnevenSteps } from "../components/uneven-steps.tsx";
import { useTitle } from "../components/use-title.ts";
import { VersionList } from "../components/version-list.tsx";

/** What an asset is, which partitions it has, and every version with what it was made from. */
export function AssetPage({ assetKey }: { readonly assetKey: string }) {
  const asset = useQuery(questions.asset(assetKey));
  const partitions = useQuery(questions.partitions(assetKey));
  const uneven = useQuery(questions.assetOutliers(assetKey));
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
        {asset.data.kind === "merge" && (
          <Link to="/merges/$key" params={{ key: assetKey }}>
            What it joins, and what waits
          </Link>
        )}
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
      {uneven.data !== undefined && <UnevenSteps found={uneven.data} isOfAsset />}
      <AssetAutomation assetKey={assetKey} partition={partition} />
      <section aria-labelledby="versions">
        <h2 id="versions">Versions{partition === undefined ? "" : ` of ${partition}`}</h2>
        <VersionList assetKey={assetKey} partition={partition} />
      </section>
      <section aria-labelledby="rows">
        <h2 id="rows">Rows{partition === undefined ? "" : ` of ${partition}`}</h2>
        <RowPreview assetKey={assetKey} partition={partition} />
      </section>
      <section aria-labelledby="audit">
        <h2 id="audit">Audit trail</h2>
        <AuditTrail assetKey={assetKey} />
      </section>
    </>
  );
}
