import { keyColumns, planFold, type MergeSpec } from "@watersmeet/core/merge";
import { canonicalColumns, type Column } from "@watersmeet/core/schema";
import { quoteIdentifier } from "../../../exchange/quote.ts";
import { numberOf, textOf, type SqlSession } from "../../sql-session.ts";
import type { Staged } from "../../store.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import { cellOf, contributionColumns, renderContributionColumns } from "../contribution-table.ts";
import type { FormReader } from "../forms/read-forms.ts";
import type { MergeDialect } from "../merge-dialect.ts";
import type { FoldWork, StagedFold } from "./fold-work.ts";
import { renderJoinKeys, renderKeys } from "./key-tables.ts";
import { reduceCustom, type ReduceWork } from "./reduce-custom.ts";

/** Checks a sample of what was staged without a fold of all: `actual` is a SELECT of the whole version's rows. */
export async function checkSample(work: FoldWork, actual: string): Promise<Pick<StagedFold, "shadow">> {
  const { dialect, functions, host, live, reader, shadowPerMille, spec } = work;
  if (shadowPerMille === 0 || host.tip === null) return {};
  const shadow = await checkShadow({
    dialect,
    session: host.session,
    spec,
    reader,
    live,
    sample: { salt: host.tip.version + 1, perMille: shadowPerMille },
    createTable: host.createStagingTable,
    nameTable: (suffix) => host.stagingTable(suffix),
    actual,
    joinCustom: (folded) => reduceCustom({ dialect, host, functions, suffix: "s", ...folded }),
  });
  return { shadow };
}

/** Rows that are to be what a fold gives. */
export interface ShadowWork {
  readonly dialect: MergeDialect;
  readonly session: SqlSession;
  readonly spec: MergeSpec;
  readonly reader: FormReader;
  /** Batches that the rows were folded from. */
  readonly live: readonly CatalogBatch[];
  /** Which keys are looked at: another salt, other keys. */
  readonly sample: { readonly salt: number; readonly perMille: number };
  /** `create table` or `create temporary table`. */
  readonly createTable: string;
  /** Name of a working table, not created yet. */
  nameTable(suffix: string): string;
  /** A SELECT of the rows. */
  readonly actual: string;
  /** Has the author's functions join columns with the policy `custom`; answers the rows with what came of it. Without it those columns are not compared. */
  joinCustom?(folded: Pick<ReduceWork, "plan" | "table" | "rows">): Promise<string>;
}

/**
 * Folds sampled keys in full, from every contribution, and names those whose rows are not the ones that are there. A fold of some keys only is right when this finds nothing: it shares with it
 * neither the choice of keys nor the rows that were left alone.
 */
export async function checkShadow(work: ShadowWork): Promise<NonNullable<Staged["shadow"]>> {
  const { dialect, live, reader, session, spec } = work;
  const part = work.nameTable("shadow");
  const columns = [...contributionColumns, ...spec.schema.columns.map((_, index) => `c${index}`)].join(", ");
  const key = keyColumns(spec.schema, spec.policy.key);
  const keys = work.nameTable("shkeys");
  const isSampled = renderIsSampled(
    work,
    key.map((column) => `t.${cellOf(spec.schema, column)}`),
  );
  await session.run(`${work.createTable} ${keys} as ${renderKeys(spec, reader.renderContributions(live), isSampled)}`);
  await session.run(`${work.createTable} ${part} (${renderContributionColumns(dialect, spec.schema)})`);
  await session.run(`insert into ${part} (${columns}) ${reader.renderContributions(live, renderJoinKeys(spec, keys))}`);
  const plan = planFold(
    spec,
    live.map((batch) => reader.toFoldBatch(batch)),
  );
  const table = { name: part, schema: spec.schema, hasFaults: true, hasCopies: true };
  const folded = dialect.renderFold(plan, table);
  const findings = work.nameTable("shfound");
  if (folded.findings !== null) await session.run(`${work.createTable} ${findings} as ${folded.findings}`);
  const [counted] = await session.run(`select count(*) as count from ${keys}`);
  const once = folded.renderRows(findings);
  const expected = (await work.joinCustom?.({ plan, table, rows: once })) ?? once;
  const left = work.joinCustom === undefined ? plan.custom.map(({ name }) => name) : [];
  const compared = spec.schema.columns.filter(({ name }) => !left.includes(name));
  const rows = await session.run(renderDifference(work, { compared, key, expected }));
  return {
    sampledKeys: counted === undefined ? 0 : numberOf(counted, "count"),
    differentKeys: rows.map((row) => textOf(row, "key_json")),
  };
}

function renderIsSampled({ dialect, sample }: ShadowWork, values: readonly string[]): string {
  return sample.perMille >= 1000 ? "true" : `${dialect.renderSampleBucket(values, sample.salt)} < ${sample.perMille}`;
}

/** Keys with rows that only one side has, as JSON. */
function renderDifference(
  work: ShadowWork,
  {
    compared,
    key,
    expected,
  }: { readonly compared: readonly Column[]; readonly key: readonly Column[]; readonly expected: string },
): string {
  const { dialect } = work;
  const names = key.map(({ name }) => quoteIdentifier(name));
  const json = dialect.renderJsonRow(key.map(({ name }) => ({ name, value: quoteIdentifier(name) })));
  const bytes = canonicalColumns({ columns: compared })
    .map(({ name, type }) => dialect.store.renderCanonical(quoteIdentifier(name), type))
    .join(" || ");
  const row = `select ${json} as key_json, ${bytes} as bytes`;
  const steps = [
    `x as (${row} from (${expected}) as expected)`,
    `y as (${row} from (select * from (${work.actual}) as whole where ${renderIsSampled(work, names)}) as actual)`,
    `z as ((select * from x except all select * from y) union all (select * from y except all select * from x))`,
  ];
  return `with ${steps.join(", ")} select distinct key_json from z order by key_json limit 100`;
}
