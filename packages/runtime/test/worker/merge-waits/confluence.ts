import { setTimeout as sleep } from "node:timers/promises";
import type { WaitPolicy } from "@watersmeet/core";
import type { MappingSpec } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { RunId } from "../../../src/ledger/records.ts";
import type { ClaimedStep } from "../../../src/step/step.ts";
import type { TestLedger } from "../../ledger/test-ledger.ts";
import { failed, type StepBehaviour } from "../test-executor.ts";
import type { AssetSketch } from "../test-plans.ts";
import { listStepRows, submit, waitForEnd, waitUntil, type StepRow } from "../test-runs.ts";

export const branches = ["a", "b", "c"] as const;

/** Three branches, a merge of them and what reads it; names carry the test's, so that no version of another test is there. */
export function confluence(
  name: string,
  wait: Partial<WaitPolicy>,
  options: { readonly partitions?: number; readonly optional?: readonly string[]; readonly mapping?: MappingSpec } = {},
): readonly AssetSketch[] {
  const { partitions, optional = [], mapping } = options;
  const split = partitions === undefined ? {} : { partitions };
  const inputs = branches.map((branch) => ({
    from: `${branch}${name}`,
    isOptional: optional.includes(branch),
    ...(mapping === undefined ? {} : { mapping }),
  }));
  return [
    ...branches.map((branch) => ({ key: `${branch}${name}`, ...split })),
    {
      key: `merge${name}`,
      ...split,
      inputs,
      wait: { ...wait, required: (wait.required ?? []).map((each) => `${each}${name}`) },
    },
    { key: `reader${name}`, ...split, inputs: [`merge${name}`] },
  ];
}

/** What branches do, by their first letter, until it is changed. */
export interface Deeds {
  a: Deed | "succeedLast";
  b: Deed;
  c: Deed;
}

type Deed = "succeed" | "fail" | "block" | "hang";

function isSeen(seen: readonly ClaimedStep[], runId: string, branch: string): boolean {
  return seen.some((step) => step.runId === runId && step.asset.startsWith(branch));
}

/** As if so much time had passed for the merges that wait. */
export async function letPass(ledger: TestLedger, id: RunId): Promise<void> {
  await sql`update watersmeet.step set deadline_at = now() where run_id = ${id} and deadline_at is not null`.execute(
    ledger.db,
  );
}

export const anHour = 3_600_000;

export function behaveBy(deeds: Deeds, seen: ClaimedStep[] = []): StepBehaviour {
  return async (step, signal) => {
    seen.push(step);
    // The time of a merge begins with its first branch: when that is there, the others run.
    if (deeds.a === "succeedLast") await waitUntil(() => ["b", "c"].every((each) => isSeen(seen, step.runId, each)));
    const branch = branches.find((each) => step.asset.startsWith(each));
    if (branch === undefined) return undefined;
    while (deeds[branch] === "hang" && !signal.aborted) await sleep(5);
    if (deeds[branch] === "fail") return failed({ message: `${branch} is away` });
    if (deeds[branch] !== "block") return undefined;
    const outcome = failed({ code: "GATE_FAILED", class: "data" });
    return outcome.kind === "failed" ? { kind: "blocked", failure: outcome.failure } : outcome;
  };
}

export async function runOnce(ledger: TestLedger, sketches: readonly AssetSketch[]): Promise<RunId> {
  const id = await submit(ledger.db, sketches);
  await waitForEnd(ledger.db, id);
  return id;
}

export async function findStep(
  ledger: TestLedger,
  id: RunId,
  asset: string,
): Promise<(StepRow & { readonly decision: unknown }) | undefined> {
  const row = (await listStepRows(ledger.db, id)).find((each) => each.asset === asset);
  const { rows } = await sql<{ decision: unknown }>`
    select decision from watersmeet.step where run_id = ${id} and asset = ${asset}`.execute(ledger.db);
  return row === undefined ? undefined : { ...row, decision: rows[0]?.decision ?? null };
}
