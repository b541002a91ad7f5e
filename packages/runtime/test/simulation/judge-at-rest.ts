import { headKey } from "../../src/stores/commit/decide-commits.ts";
import { nameOf } from "./random.ts";
import { maxAttempts, type RunRow, type StepRow } from "./simulated-ledger.ts";
import { environment } from "./simulated-store.ts";
import type { World } from "./world.ts";

/** What must hold when nothing happens any more. */
export function judgeAtRest(world: World): void {
  judgeRecords(world);
  judgeContent(world);
  for (const run of world.ledger.runs) {
    // S14: no run vanishes.
    if (run.open !== 0) world.findings.add("S14", `run ${run.index} has ${run.open} open steps at rest`);
    for (const row of run.rows) judgeStep(world, run, row);
  }
}

/** S2, S3: records are what the store has; the ledger's heads are the store's. */
function judgeRecords({ ledger, store, findings }: World): void {
  for (const commitId of ledger.records.keys())
    if (store.find(commitId) === undefined) findings.add("S2", `record ${commitId} has no commit`);
  for (const commit of store.commits)
    if (!ledger.records.has(commit.commitId))
      findings.add("S3", `${commit.asset} version ${commit.version} has no record`);
  for (const commit of store.commits) {
    const seen = store.heads.get(headKey(environment, commit.asset, commit.partition));
    const told = ledger.heads.get(`${commit.asset}@${commit.partition}`)?.version;
    if (seen !== told) findings.add("S3", `readers of ${commit.asset} see version ${seen}; the ledger says ${told}`);
  }
}

/** S5, S6: each version is what its inputs come to, and they are versions that were committed before it. */
function judgeContent({ store, findings }: World): void {
  for (const commit of store.commits) {
    const { inputs, code } = store.madeFrom(commit);
    const read = inputs.map((id) => store.find(id));
    if (read.some((input) => input === undefined))
      findings.add("S6", `${commit.asset} was made from what was never committed`);
    const digests = read.map((input) => input?.dataDigest ?? "");
    const expected = nameOf("rows", commit.asset, commit.partition, code, ...digests);
    if (expected !== commit.dataDigest)
      findings.add("S5", `${commit.asset} version ${commit.version} has other rows than its inputs come to`);
  }
}

function judgeStep({ findings, store }: World, run: RunRow, row: StepRow): void {
  const name = `${row.step.asset}@${row.step.partition} of run ${run.index}`;
  // S8, S9, S7, S13.
  if (row.state === "running" || row.state === "ready" || row.state === "waiting")
    findings.add("S8", `${name} is ${row.state} at rest`);
  if (row.failures > maxAttempts) findings.add("S9", `${name} failed ${row.failures} times`);
  const isGood = row.state === "succeeded" || row.state === "unchanged";
  if (isGood && (row.version === null || store.find(row.version.commitId) === undefined))
    findings.add("S7", `${name} is ${row.state}, and its version is not in the store`);
  if (row.state === "failed" && row.code === null) findings.add("S13", `${name} failed and does not say why`);
  if (row.state !== "upstreamFailed") return;
  const isBad = (state: string | undefined): boolean =>
    state === "failed" || state === "blocked" || state === "upstreamFailed";
  if (!row.step.required.some((ordinal) => isBad(run.rows[ordinal]?.state)))
    findings.add("S13", `${name} was given up, and nothing that it needs has failed`);
}
