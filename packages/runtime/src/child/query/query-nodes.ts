import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  ReferenceNode,
  SelectAllNode,
  SelectQueryNode,
  TableNode,
  type OperationNode,
} from "kysely";

/** Names of the tables that a query mentions anywhere, sorted by first use. */
export function listTables(root: OperationNode): readonly string[] {
  const found = new Set<string>();
  walk(root, (node) => {
    if (TableNode.is(node)) found.add(node.table.identifier.name);
  });
  return [...found];
}

/** Nodes are frozen plain data: every member that has a `kind`, or holds such, is visited. */
function walk(value: unknown, visit: (node: OperationNode) => void): void {
  if (Array.isArray(value)) for (const member of value) walk(member, visit);
  else if (isNode(value)) {
    visit(value);
    for (const member of Object.values(value)) walk(member, visit);
  }
}

function isNode(value: unknown): value is OperationNode {
  return value !== null && typeof value === "object" && "kind" in value && typeof value.kind === "string";
}

/**
 * Names of the columns that a query delivers, in order; `null` when they cannot be known without asking the store
 * (raw SQL, everything of a common table expression).
 */
export function listColumns(
  root: OperationNode,
  columnsOf: (table: string) => readonly string[] | undefined,
): readonly string[] | null {
  if (!SelectQueryNode.is(root)) return null;
  const sources = sourcesOf(root, columnsOf);
  const names: string[] = [];
  for (const { selection } of root.selections ?? []) {
    const selected = columnsSelected(selection, sources);
    if (selected === null) return null;
    names.push(...selected);
  }
  return names.length === 0 ? null : [...new Set(names)];
}

type Sources = ReadonlyMap<string, readonly string[] | null>;

function columnsSelected(selection: OperationNode, sources: Sources): readonly string[] | null {
  if (AliasNode.is(selection)) return IdentifierNode.is(selection.alias) ? [selection.alias.name] : null;
  if (ColumnNode.is(selection)) return [selection.column.name];
  if (SelectAllNode.is(selection)) return all([...sources.values()]);
  if (!ReferenceNode.is(selection)) return null;
  if (ColumnNode.is(selection.column)) return [selection.column.column.name];
  return sources.get(selection.table?.table.identifier.name ?? "") ?? null;
}

function all(lists: readonly (readonly string[] | null)[]): readonly string[] | null {
  const names: string[] = [];
  for (const list of lists) {
    if (list === null) return null;
    names.push(...list);
  }
  return names;
}

function sourcesOf(query: SelectQueryNode, columnsOf: (table: string) => readonly string[] | undefined): Sources {
  const tables = [...(query.from?.froms ?? []), ...(query.joins ?? []).map((join) => join.table)];
  return new Map(tables.map((table) => sourceOf(table, columnsOf)));
}

function sourceOf(
  source: OperationNode,
  columnsOf: (table: string) => readonly string[] | undefined,
): readonly [name: string, columns: readonly string[] | null] {
  if (TableNode.is(source)) return [source.table.identifier.name, columnsOf(source.table.identifier.name) ?? null];
  if (!AliasNode.is(source) || !IdentifierNode.is(source.alias)) return ["", null];
  const { node } = source;
  const columns = TableNode.is(node) ? columnsOf(node.table.identifier.name) : listColumns(node, columnsOf);
  return [source.alias.name, columns ?? null];
}
