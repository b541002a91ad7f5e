import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Background, Controls, Handle, Position, ReactFlow, type Edge, type Node, type NodeProps } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { memo, useMemo } from "react";
import type { AssetDto } from "../../../src/read/asset-dto.ts";
import { questions } from "../api/queries.ts";
import { MaterializeButton } from "../components/materialize-dialog.tsx";
import { Empty, ErrorNotice, Loading } from "../components/notice.tsx";
import { StatusBadge, statusTone } from "../components/status.tsx";
import { useTitle } from "../components/use-title.ts";
import { describeMapping, formatCount } from "../format.ts";
import { layoutGraph, nodeSize } from "../graph-layout.ts";

type AssetNode = Node<{ readonly asset: AssetDto }, "asset">;

/** The whole graph, left to right, with what readers can rely on now. */
export function GraphPage() {
  useTitle("Graph");
  const assets = useQuery(questions.assets());
  if (assets.isPending) return <Loading what="the graph" />;
  if (assets.isError) return <ErrorNotice error={assets.error} />;
  if (assets.data.length === 0)
    return <Empty>This project has no assets yet. Write one in assets/, and it appears here.</Empty>;
  return (
    <>
      <header className="page-header">
        <h1>Graph</h1>
        <span className="quiet">{formatCount(assets.data.length)} assets</span>
        <span className="spacer" />
        <MaterializeButton select="*" isPartitioned />
      </header>
      <Flow assets={assets.data} />
    </>
  );
}

function Flow({ assets }: { readonly assets: readonly AssetDto[] }) {
  const navigate = useNavigate();
  // Only the shape of the graph moves nodes; a change of status must not lay it out again.
  const shape = assets.map(({ key, inputs }) => `${key}<${inputs.map(({ asset }) => asset).join()}`).join(";");
  const places = useMemo(() => layoutGraph(assets), [shape]);
  const nodes = useMemo(() => buildNodes(assets, places), [assets, places]);
  const edges = useMemo(() => buildEdges(assets), [assets]);
  return (
    <div className="graph">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        fitView
        minZoom={0.1}
        colorMode="system"
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_, node) => void navigate({ to: "/assets/$key", params: { key: node.id } })}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

const AssetCard = memo(({ data: { asset } }: NodeProps<AssetNode>) => (
  <div
    className={`asset-card tone-${statusTone(asset.health)} kind-${asset.kind}`}
    data-asset={asset.key}
    data-health={asset.health}
  >
    <Handle type="target" position={Position.Left} />
    <a href={`/assets/${encodeURIComponent(asset.key)}`} onClick={(event) => event.preventDefault()}>
      {asset.key}
    </a>
    <span className="kind">{asset.kind}</span>
    <StatusBadge status={asset.health} />
    <span className="quiet">{describeCounts(asset)}</span>
    <Handle type="source" position={Position.Right} />
  </div>
));

const nodeTypes = { asset: AssetCard };

function describeCounts({ partitions, counts, head }: AssetDto): string {
  const rows = head === null ? "no rows" : `${formatCount(head.rowCount)} rows`;
  if (partitions === null) return rows;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return `${formatCount(counts.materialized)}/${formatCount(all)} · ${rows}`;
}

function buildNodes(assets: readonly AssetDto[], places: ReturnType<typeof layoutGraph>): AssetNode[] {
  const byKey = new Map(places.map((place) => [place.key, place]));
  return assets.map((asset) => ({
    id: asset.key,
    type: "asset" as const,
    position: { x: byKey.get(asset.key)?.x ?? 0, y: byKey.get(asset.key)?.y ?? 0 },
    data: { asset },
    ...nodeSize,
  }));
}

function buildEdges(assets: readonly AssetDto[]): Edge[] {
  return assets.flatMap(({ key, kind, inputs }) =>
    inputs.map(({ asset, name, mapping, isOptional }) => ({
      id: `${asset}>${key}>${name}`,
      source: asset,
      target: key,
      className: `${kind === "merge" ? "edge-merge" : ""} ${isOptional ? "edge-optional" : ""}`,
      ...(mapping.kind === "same" ? {} : { label: describeMapping(mapping) }),
    })),
  );
}
