import { unreachable } from "@watersmeet/core/errors";
import type { Lineage, LineageEdge } from "@watersmeet/core/graph";
import type { MappingSpec } from "@watersmeet/core/values";
import type { Style } from "./style.ts";

/** The root, then a tree upwards and a tree downwards; what was drawn already is named again but not unfolded. */
export function renderLineage(lineage: Lineage, style: Style): string {
  const kinds = new Map<string, string>(lineage.nodes.map(({ key, kind }) => [key, kind]));
  const label = (key: string): string =>
    `${key === lineage.root ? style.bold(key) : key} ${style.dim(`(${kinds.get(key) ?? ""})`)}`;
  const upward = renderTree(lineage, { direction: "up", label, style });
  const downward = renderTree(lineage, { direction: "down", label, style });
  const lines = [label(lineage.root)];
  if (upward.length > 0) lines.push("", "made from", ...upward);
  if (downward.length > 0) lines.push("", "read by", ...downward);
  return lines.join("\n");
}

interface TreeOptions {
  readonly direction: "up" | "down";
  readonly label: (key: string) => string;
  readonly style: Style;
}

function renderTree(lineage: Lineage, { direction, label, style }: TreeOptions): readonly string[] {
  const [near, far] = direction === "up" ? (["to", "from"] as const) : (["from", "to"] as const);
  const distances = new Map<string, number>(lineage.nodes.map(({ key, distance }) => [key, distance]));
  const belongs = (edge: LineageEdge): boolean => {
    const distance = distances.get(edge[far]) ?? 0;
    return direction === "up" ? distance < 0 : distance > 0;
  };
  const edges = lineage.edges.filter(belongs);
  const drawn = new Set<string>();
  const draw = (key: string, indent: string): readonly string[] => {
    const children = edges.filter((edge) => edge[near] === key);
    return children.flatMap((edge, index) => {
      const isLast = index === children.length - 1;
      const other = edge[far];
      const line = `${indent}${isLast ? "└─" : "├─"} ${label(other)}${style.dim(renderMapping(edge.mapping))}`;
      const hasMore = edges.some((next) => next[near] === other);
      if (drawn.has(other)) return [hasMore ? `${line} ${style.dim("…")}` : line];
      drawn.add(other);
      return [line, ...draw(other, `${indent}${isLast ? "   " : "│  "}`)];
    });
  };
  return draw(lineage.root, "");
}

function renderMapping(mapping: MappingSpec): string {
  switch (mapping.kind) {
    case "same":
      return "";
    case "all":
    case "latest":
      return ` ${mapping.kind}`;
    case "last":
      return ` last ${mapping.count}`;
    case "offset":
      return ` offset ${mapping.by}`;
    default:
      return unreachable(mapping);
  }
}
