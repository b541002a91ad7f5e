import { Link } from "@tanstack/react-router";
import type { AssetDetailDto } from "../../../src/read/asset-dto.ts";
import { describeMapping } from "../format.ts";
import { TableHead } from "./table-head.tsx";

/** Where an asset is declared, what it reads and who reads it, and its columns with their gates. */
export function Definition({ asset }: { readonly asset: AssetDetailDto }) {
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
      <Columns asset={asset} />
    </section>
  );
}

function Columns({ asset }: { readonly asset: AssetDetailDto }) {
  return (
    <table>
      <TableHead columns={["Column", "Type", "Gates"]} />
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
  );
}
