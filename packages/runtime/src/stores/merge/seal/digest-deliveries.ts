import type { MergePolicy } from "@watersmeet/core/merge";
import { compareStrings, fingerprint, stableJson } from "@watersmeet/core/values";
import { internalSchema } from "../../catalog/names.ts";
import type { Delivery, MergeScope, StagedBranch } from "../../port/staged-merge.ts";
import type { InputVersions } from "../../port/staging.ts";
import { numberOf, textOf, type SqlSession } from "../../sql-session.ts";

/**
 * Identity of what branches deliver, without reading it: their queries, and the data digests of the versions that the queries read. The same on every engine
 * that runs the same text; equal content under another query counts as another content, which costs a sealing and changes nothing.
 *
 * It does not depend on the merge's schema: a batch stays as it was written when the schema moves on.
 */
export async function digestDeliveries(
  session: SqlSession,
  terms: DeliveryTerms,
  branches: readonly StagedBranch[],
): Promise<Digests> {
  const deliveries = branches.flatMap((branch) => branch.deliveries);
  const contents = await findContents(
    session,
    deliveries.flatMap((delivery) => readsOf(delivery).map(({ input }) => input)),
  );
  const digests = new Map<Delivery, readonly [string, ...string[]]>();
  for (const branch of branches) {
    for (const delivery of branch.deliveries) {
      const digestBy = (key: readonly string[]) => digest({ ...terms, key }, branch, { delivery, contents });
      digests.set(delivery, [digestBy(terms.policy.key), ...terms.formerKeys.map(digestBy)]);
    }
  }
  return digests;
}

/** Of each delivery: its digest, and those that it would have had when the columns of the key were called otherwise. */
export type Digests = ReadonlyMap<Delivery, readonly [now: string, ...former: string[]]>;

/** What of a merge decides which rows are a delivery's, and what they do. */
export interface DeliveryTerms {
  readonly policy: MergePolicy;
  /** `null`: all rows are. */
  readonly scope: MergeScope | null;
  /** The key's columns by the names that they had in forms which were left behind. */
  readonly formerKeys: readonly (readonly string[])[];
}

type Contents = ReadonlyMap<string, ReadonlyMap<number, string>>;

function digest(
  { key, policy, scope }: Pick<DeliveryTerms, "policy" | "scope"> & { readonly key: readonly string[] },
  branch: StagedBranch,
  { delivery, contents }: { readonly delivery: Delivery; readonly contents: Contents },
): string {
  const reads = readsOf(delivery);
  const places = reads.map(({ index }) => index);
  const read = (name: string | null | undefined) =>
    name !== null && name !== undefined && branch.columns.includes(name) ? name : null;
  const facts = {
    key,
    eventTime: read(policy.eventTime),
    operation: read(policy.operation),
    sequence: read(policy.sequence),
    present: read(policy.present),
    sql: withoutColumns(delivery.query.sql).replaceAll(
      inputName,
      (_, index) => `input_#${places.indexOf(Number(index))}`,
    ),
    parameters: delivery.query.parameters.map((value) => (typeof value === "bigint" ? `${value}n` : value)),
    ...(scope === null ? {} : { scope }),
    emits: delivery.emits === "snapshot" ? "snapshot" : "rows",
    contents: reads.map(({ input }) => [
      input.asset.key,
      input.versions.map(({ version }) => contents.get(input.asset.key)?.get(version) ?? "").sort(compareStrings),
    ]),
  };
  return fingerprint(["delivery-2", stableJson(facts)]);
}

const inputName = /\binput_(\d+)\b/g;
const projection = /^select (?:"(?:[^"]|"")*"(?:, )?)+ from ("?input_\d+"?)$/;

/** Which of an input's columns a plain handle is read for follows from the merge's schema. */
function withoutColumns(sql: string): string {
  return sql.replace(projection, "select * from $1");
}

/** A query may list inputs that it does not read: only those that it names count, and their places in the list do not. */
function readsOf({ query }: Delivery): readonly { readonly index: number; readonly input: InputVersions }[] {
  const named = [...new Set([...query.sql.matchAll(inputName)].map(([, index]) => Number(index)))];
  return named.flatMap((index) => {
    const input = query.inputs[index];
    return input === undefined ? [] : [{ index, input }];
  });
}

/** What each version holds, by asset and version: its digest, and of which partition it is. */
async function findContents(session: SqlSession, inputs: readonly InputVersions[]): Promise<Contents> {
  const versions = new Map<string, Set<number>>();
  for (const { asset, versions: read } of inputs) {
    const known = versions.get(asset.key) ?? new Set();
    for (const { version } of read) known.add(version);
    versions.set(asset.key, known);
  }
  const contents = new Map<string, Map<number, string>>();
  for (const [key, wanted] of versions) {
    const rows = await session.run(
      `select v.version, v.partition, v.data_digest from ${internalSchema}.version v join ${internalSchema}.asset a on a.asset_id = v.asset_id where a.key = $1 and v.version in (select unnest($2::integer[]))`,
      [key, [...wanted]],
    );
    contents.set(
      key,
      new Map(
        rows.map((row) => [numberOf(row, "version"), `${textOf(row, "data_digest")} ${textOf(row, "partition")}`]),
      ),
    );
  }
  return contents;
}
