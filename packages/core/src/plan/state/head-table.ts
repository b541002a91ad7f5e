import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import { createDigestColumn, type DigestColumn } from "../identity/digest-column.ts";
import type { HeadState } from "./state-snapshot.ts";

/**
 * The heads of one asset, packed: some 200 bytes for each, where a map of objects takes 600. For snapshots of a million heads; a `Map` does as well for small ones.
 * Heads come out as they went in, as new objects.
 */
export interface HeadTable extends ReadonlyMap<PartitionKey, HeadState> {
  /** Adds a partition, or replaces what is known of it. */
  set(partition: PartitionKey, head: HeadState): void;
  /** For the planner, which compares columns and makes no objects. */
  readonly columns: HeadColumns;
}

export interface HeadColumns {
  /** The row of a partition. */
  readonly rowOf: (partition: PartitionKey) => number | undefined;
  readonly commitIds: DigestColumn;
  readonly dataDigests: DigestColumn;
  /** By row. */
  readonly codeVersions: readonly string[];
  readonly schemaVersions: readonly string[];
  /** By input position. */
  readonly inputs: ReadonlyMap<string, DigestColumn>;
}

/** An empty table. */
export function createHeadTable(): HeadTable {
  const rows = new Map<PartitionKey, number>();
  const { columns, write } = createColumns(rows);
  function* entries(): MapIterator<[PartitionKey, HeadState]> {
    for (const [partition, row] of rows) yield [partition, readRow(columns, row)];
  }
  function* values(): MapIterator<HeadState> {
    for (const [, head] of entries()) yield head;
  }
  const table: HeadTable = {
    columns,
    get size() {
      return rows.size;
    },
    set(partition, head) {
      const row = rows.get(partition) ?? rows.size;
      rows.set(partition, row);
      write(row, head);
    },
    has: (partition) => rows.has(partition),
    get(partition) {
      const row = rows.get(partition);
      return row === undefined ? undefined : readRow(columns, row);
    },
    keys: () => rows.keys(),
    values,
    entries,
    [Symbol.iterator]: entries,
    forEach(visit) {
      for (const [partition, head] of entries()) visit(head, partition, table);
    },
  };
  return table;
}

function createColumns(rows: ReadonlyMap<PartitionKey, number>): {
  readonly columns: HeadColumns;
  readonly write: (row: number, head: HeadState) => void;
} {
  const codeVersions: string[] = [];
  const schemaVersions: string[] = [];
  const commitIds = createDigestColumn();
  const dataDigests = createDigestColumn();
  const inputs = new Map<string, DigestColumn>();
  const share = createTextPool();
  return {
    columns: {
      rowOf: (partition) => rows.get(partition),
      commitIds,
      dataDigests,
      codeVersions,
      schemaVersions,
      inputs,
    },
    write(row, head) {
      codeVersions[row] = share(head.codeVersion);
      schemaVersions[row] = share(head.schemaVersion);
      commitIds.set(row, head.commitId);
      dataDigests.set(row, head.dataDigest);
      for (const column of inputs.values()) column.clear(row);
      for (const [position, fingerprint] of Object.entries(head.inputs)) {
        const column = inputs.get(position) ?? createDigestColumn();
        inputs.set(position, column);
        column.set(row, fingerprint);
      }
    },
  };
}

/** Equal texts that were read apart are separate objects: all of them become the first. */
function createTextPool(): (text: string) => string {
  const pool = new Map<string, string>();
  return (text) => {
    const known = pool.get(text);
    if (known === undefined) pool.set(text, text);
    return known ?? text;
  };
}

/** The columns of heads in whatever form they come. */
export function getHeadColumns(heads: ReadonlyMap<PartitionKey, HeadState>): HeadColumns {
  if (isHeadTable(heads)) return heads.columns;
  const table = createHeadTable();
  for (const [partition, head] of heads) table.set(partition, head);
  return table.columns;
}

function isHeadTable(heads: ReadonlyMap<PartitionKey, HeadState>): heads is HeadTable {
  return "columns" in heads;
}

function readRow(
  { commitIds, dataDigests, codeVersions, schemaVersions, inputs }: HeadColumns,
  row: number,
): HeadState {
  return {
    commitId: commitIds.get(row) ?? "",
    dataDigest: dataDigests.get(row) ?? "",
    codeVersion: codeVersions[row] ?? "",
    schemaVersion: schemaVersions[row] ?? "",
    inputs: Object.fromEntries(
      [...inputs].flatMap(([position, column]) => {
        const fingerprint = column.get(row);
        return fingerprint === undefined ? [] : [[position, fingerprint]];
      }),
    ),
  };
}
