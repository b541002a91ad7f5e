import { useQuery } from "@tanstack/react-query";
import { mergeQuestions } from "../../api/merge-queries.ts";
import { formatCount, formatTime } from "../../format.ts";
import { Empty, ErrorNotice, Loading } from "../notice.tsx";
import { TableHead } from "../table-head.tsx";

/** Every form that a merge's schema had, newest first, and why each was left. */
export function SchemaHistory({ mergeKey }: { readonly mergeKey: string }) {
  const epochs = useQuery(mergeQuestions.epochs(mergeKey));
  if (epochs.isPending) return <Loading what="forms of the schema" />;
  if (epochs.isError) return <ErrorNotice error={epochs.error} />;
  if (epochs.data.length === 0) return <Empty>No version has been made yet, so no form is on record.</Empty>;
  return (
    <div className="scroll-x">
      <table className="epochs">
        <TableHead columns={["Epoch", "Since", "Batches", "Columns", "Left because"]} />
        <tbody>
          {epochs.data.toReversed().map((epoch) => (
            <tr key={epoch.number}>
              <th scope="row">
                {epoch.number}
                {epoch.isPresent && <span className="badge tone-ok"> now</span>}
              </th>
              <td title={epoch.registeredAt}>{formatTime(epoch.registeredAt)}</td>
              <td className="number">{formatCount(epoch.batchCount)}</td>
              <td>
                {epoch.fields.map((field) => (
                  <div key={field.id}>
                    {field.name}{" "}
                    <span className="quiet">
                      {field.type}
                      {field.isKey ? ", key" : ""}
                      {field.isNullable ? ", may be null" : ""}
                      {field.unit === null ? "" : `, in ${field.unit}`}
                      {field.id === field.name ? "" : `, first called ${field.id}`}
                    </span>
                  </div>
                ))}
              </td>
              <td>{epoch.note}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
