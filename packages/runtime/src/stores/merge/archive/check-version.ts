import type { MergeSpec } from "@watersmeet/core/merge";
import type { MergeAccess } from "../../merge-seam.ts";
import type { MergeArchive } from "../../port/merge-records.ts";
import type { SqlSession } from "../../sql-session.ts";
import { listDerived } from "../catalog/derived.ts";
import { assignForm, listForms } from "../catalog/epochs.ts";
import { checkShadow } from "../fold/check-shadow.ts";
import { createFormReader } from "../forms/read-forms.ts";
import type { MergeDialect } from "../merge-dialect.ts";
import { listPublishedCuts, listStandingBatches } from "./known-merge.ts";

type CheckOptions = Parameters<MergeArchive["checkShadow"]>[0];

/** Folds keys of a published version again, and compares. What it writes are temporary tables, in the connection that it has to itself. */
export async function checkVersion(
  session: SqlSession,
  at: { readonly dialect: MergeDialect; readonly access: MergeAccess; readonly assetId: number },
  { asset, epochs = [], partition, perMille, policy, version }: CheckOptions,
): ReturnType<MergeArchive["checkShadow"]> {
  const { access, assetId, dialect } = at;
  const [cut] = await listPublishedCuts(session, { assetId, partition, version }, 1);
  if (cut === undefined) return { sampledKeys: 0, differentKeys: [] };
  const spec: MergeSpec = { policy, schema: asset.schema };
  const forms = await listForms(session, assetId);
  const reader = createFormReader({
    dialect,
    asset: { assetId, key: asset.key },
    schema: asset.schema,
    present: assignForm(forms, asset.schema, policy.key).form,
    forms,
    steps: epochs,
    derived: await listDerived(session, assetId),
  });
  const live = (await listStandingBatches(session, dialect, { assetId, partition, version })).filter(
    ({ standing }) => standing === "live",
  );
  const made: string[] = [];
  try {
    return await checkShadow({
      dialect,
      session,
      spec,
      reader,
      live,
      sample: { salt: version, perMille },
      createTable: "create temporary table",
      nameTable(suffix) {
        made.push(`check_${suffix}`);
        return `check_${suffix}`;
      },
      actual: await access.renderVersions(session, { asset, versions: [{ partition, version }] }),
    });
  } finally {
    for (const table of made) await session.run(`drop table if exists ${table}`);
  }
}
