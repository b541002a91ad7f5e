import { useQuery } from "@tanstack/react-query";
import { questions } from "../api/queries.ts";
import { Empty, ErrorNotice, Loading } from "./notice.tsx";

/** A few rows as readers see them. */
export function RowPreview({
  assetKey,
  partition,
}: {
  readonly assetKey: string;
  readonly partition: string | undefined;
}) {
  const rows = useQuery(questions.rows(assetKey, partition));
  if (rows.isPending) return <Loading what="rows" />;
  if (rows.isError) return <ErrorNotice error={rows.error} />;
  return <RowTable rows={rows.data.rows} />;
}

type TableRow = Readonly<Record<string, unknown>>;

/** @param action what can be done with a row, in a column of its own */
export function RowTable({
  rows,
  action,
}: {
  readonly rows: readonly TableRow[];
  readonly action?: (row: TableRow) => React.ReactNode;
}) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0) return <Empty>No rows.</Empty>;
  return (
    <div className="scroll-x">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
            {action !== undefined && <th scope="col">Why</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column} className={typeof row[column] === "number" ? "number" : ""}>
                  {showValue(row[column])}
                </td>
              ))}
              {action !== undefined && <td>{action(row)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A cell as people read it. */
export function showValue(value: unknown): React.ReactNode {
  // Absent is not null: nothing is said.
  if (value === undefined) return null;
  if (value === null) return <span className="quiet">null</span>;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
