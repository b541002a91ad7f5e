import { z } from "@hono/zod-openapi";
import { batchStandings, cellPolicies, rowPolicies } from "@watersmeet/core/merge";
import { fates, lateClasses } from "../../../read/merges/merge-words.ts";
import { anyJson, pageOf } from "../../paging.ts";
import { Run } from "../run-schemas.ts";

// What the routes of merges have in common: the shapes of their answers.

const eventTime = z
  .string()
  .openapi({ description: "ISO-8601 to the microsecond, or `infinity`", example: "2001-01-31T05:00:00.123456Z" });

const cursorRange = z.object({ from: z.string().nullable(), to: z.string() });
const gaps = z
  .array(z.object({ from: z.string(), to: z.string() }))
  .readonly()
  .openapi({ description: "Ranges of the source's cursor in which nothing was delivered" });

export const BatchStanding = z
  .enum(batchStandings)
  .openapi("BatchStanding", { description: "How a batch stands to a cut; only `live` ones count" });

const standingCounts = z.record(BatchStanding, z.int());

const FateName = z.enum(fates).openapi("Fate", { description: "What became of a contribution" });

const LateClassName = z
  .enum(lateClasses)
  .openapi("LateClass", { description: "When a contribution came, judged against the cut before" });

const LegState = z.enum(["active", "idle", "finished", "suspect", "missing"]).openapi("LegState");
const operation = z.enum(["upsert", "delete", "retract"]);
const jsonRow = z.record(z.string(), anyJson);

const originMembers = {
  asset: z.string(),
  partition: z.string(),
  version: z.int(),
  commitId: z.string(),
  codeVersion: z.string(),
  runId: z.string().nullable(),
  traceId: z.string().nullable(),
} as const;

export const Batch = z
  .object({
    id: z.string(),
    asset: z.string().openapi({ description: "The merge" }),
    partition: z.string(),
    branch: z.string(),
    batchKey: z.string(),
    generation: z.int(),
    epoch: z.int().openapi({ description: "Form of the merge's schema that it was written in" }),
    digest: z.string(),
    sequence: z.string(),
    rowCount: z.int(),
    duplicateCount: z.int(),
    rejectedCount: z.int(),
    outsideCount: z.int().openapi({ description: "Rows that belong to other partitions; in no other count" }),
    eventTimes: z.object({ least: eventTime, greatest: eventTime }).nullable(),
    cursor: cursorRange.nullable(),
    promise: z.object({ watermark: eventTime.nullable(), isFinished: z.boolean() }).nullable(),
    origin: z.object(originMembers).nullable().openapi({ description: "The version that delivered it" }),
    standing: BatchStanding,
    lateness: z.partialRecord(LateClassName, z.int()).openapi({ description: "Contributions by lateness" }),
    sealedAt: z.string(),
    sinceVersion: z.int().nullable().openapi({ description: "First version that it counts in; `null`: none yet" }),
  })
  .openapi("Batch", { description: "What a branch handed to a merge: sealed, never changed" });

export const BatchPage = pageOf(Batch, "BatchPage");

export const BatchRows = z
  .object({
    batch: Batch,
    rows: z
      .array(
        z.object({
          operation,
          key: jsonRow,
          cells: jsonRow.openapi({ description: "Columns that it says something of" }),
          eventTime: eventTime.nullable(),
          sequence: z.string(),
          lateClass: LateClassName,
          fault: z.string().nullable().openapi({ description: "Why it cannot count; `null`: it can" }),
        }),
      )
      .readonly(),
  })
  .openapi("BatchRows");

const Decision = z
  .object({
    kind: z.enum(["complete", "quorum", "deadline"]),
    missing: z.array(z.string()).readonly().openapi({ description: "Branches without their newest work" }),
    allowed: z
      .int()
      .nullable()
      .openapi({ description: "What the merge asks for: so many branches (`quorum`), or milliseconds (`deadline`)" }),
  })
  .openapi("CutDecision", { description: "Why a merge went on" });

const legMembers = {
  branch: z.string(),
  state: LegState,
  watermark: eventTime.nullable(),
  isLastGood: z
    .boolean()
    .openapi({ description: "Whether its newest work was not there, and the version before was joined" }),
  batches: standingCounts,
  gaps,
} as const;

const cadence = z
  .object({ everyMs: z.int(), lastAt: z.string() })
  .nullable()
  .openapi({ description: "How often something is expected of it, and when something last came" });

const inputMembers = { asset: z.string(), partition: z.string(), version: z.int() } as const;

export const Cut = z
  .object({
    id: z.string().openapi({ description: "The same joined under the same rules has the same id" }),
    asset: z.string(),
    partition: z.string(),
    version: z.int(),
    baseVersion: z.int().nullable(),
    committedAt: z.string(),
    codeVersion: z.string(),
    policyVersion: z.string(),
    epoch: z.int(),
    joinKeys: z.array(z.string()).readonly(),
    decision: Decision,
    watermark: eventTime.nullable(),
    isComplete: z
      .boolean()
      .nullable()
      .openapi({ description: "Whether all of the partition's window has come; `null`: it has no window" }),
    legs: z
      .array(
        z.object({
          ...legMembers,
          cadence,
          epochs: z.array(z.int()).readonly(),
          inputs: z.array(z.object({ ...inputMembers, commitId: z.string() })).readonly(),
        }),
      )
      .readonly(),
    fates: z
      .record(z.string(), z.int())
      .openapi({ description: "Contributions by what became of them; they add up to all that was delivered" }),
  })
  .openapi("Cut", { description: "Exactly what one version of a merge joins" });

export const CutPage = pageOf(Cut, "CutPage");

export const Merge = z
  .object({
    asset: z.string(),
    policy: z
      .object({
        key: z.array(z.string()).readonly(),
        rows: z.enum(rowPolicies),
        columns: z.record(z.string(), z.enum(cellPolicies)),
        trust: z.record(z.string(), z.int()),
        eventTime: z.string().nullable(),
        operation: z.string().exactOptional(),
        sequence: z.string().exactOptional(),
        present: z.string().exactOptional(),
        toleranceUs: z.int().exactOptional(),
      })
      .openapi("MergePolicy"),
    isFrozen: z.boolean().openapi({ description: "Nothing is published until it is unfrozen" }),
    partitions: z
      .array(
        z.object({
          partition: z.string(),
          version: z.int().nullable(),
          cutId: z.string().nullable(),
          committedAt: z.string().nullable(),
          decision: Decision.nullable(),
          watermark: eventTime.nullable(),
          fates: z.partialRecord(FateName, z.int()),
          legs: z.array(z.object({ ...legMembers, inputs: z.array(z.object(inputMembers)).readonly() })).readonly(),
          waitingFor: z
            .array(z.object({ branch: z.string(), why: z.string() }))
            .readonly()
            .openapi({ description: "Branches whose newest work is not in the version, and why" }),
          held: z.int().openapi({ description: "Batches in the holding area" }),
        }),
      )
      .readonly(),
  })
  .openapi("Merge", {
    description: "A merge's synchronization points, one for each partition that has a version or waits",
  });

const Contribution = z
  .object({
    fate: FateName,
    operation,
    branch: z.string(),
    cells: jsonRow,
    token: z
      .array(z.object({ part: z.string(), value: z.string() }))
      .readonly()
      .openapi({ description: "What decides, in its order" }),
    lateClass: LateClassName,
    batch: z.object({
      id: z.string(),
      generation: z.int(),
      epoch: z.int(),
      standing: BatchStanding,
      cursor: cursorRange.nullable(),
      origin: z.object({ ...originMembers, materializationId: z.string().nullable() }).nullable(),
    }),
  })
  .openapi("Contribution", { description: "What one row of a batch said of a key, and what became of it" });

export const Explanation = z
  .object({
    asset: z.string(),
    partition: z.string(),
    version: z.int(),
    cutId: z.string(),
    isByPresentRules: z.boolean().openapi({
      description:
        "Whether the version was joined by the rules that the code has now; otherwise this is what today's rules make of its batches",
    }),
    key: jsonRow,
    row: jsonRow.nullable().openapi({ description: "`null`: the key has no row in this version" }),
    isConflict: z.boolean(),
    cells: z
      .array(
        z.object({
          column: z.string(),
          policy: z.string(),
          value: anyJson,
          winners: z.array(Contribution).readonly(),
          runnersUp: z.array(Contribution).readonly().openapi({ description: "In the order in which they would win" }),
        }),
      )
      .readonly(),
    tombstones: z.array(Contribution).readonly(),
    others: z.array(Contribution).readonly().openapi({ description: "Everything else that was said, newest first" }),
  })
  .openapi("Explanation", { description: "Why a row of a merge is as it is" });

export const Order = z
  .object({
    batches: z.array(Batch).readonly().openapi({ description: "What was decided about" }),
    partitions: z.array(z.string()).readonly(),
    descendants: z
      .array(z.string())
      .readonly()
      .openapi({ description: "Assets that are stale once the new version is there" }),
    run: Run.nullable().openapi({ description: "The run that carries it out; `null`: nothing has to run" }),
    stayOut: z
      .array(Batch)
      .readonly()
      .openapi({ description: "Of a rollback: what counts in the version, was taken back since, and stays so" }),
  })
  .openapi("MergeOrder", { description: "A decision about batches, and what follows from it" });

export const ShadowCheck = z
  .object({
    sampledKeys: z.int(),
    differentKeys: z.array(z.string()).readonly(),
    byOtherRules: z
      .array(z.string())
      .readonly()
      .openapi({ description: "Partitions whose version other rules made than those of the code now: not looked at" }),
  })
  .openapi("ShadowCheck");

export const Collection = z
  .object({
    items: z
      .array(
        z.object({
          asset: z.string(),
          versions: z.int(),
          rows: z.int(),
          batches: z.int(),
          contributions: z.int(),
        }),
      )
      .readonly(),
  })
  .openapi("Collection", { description: "What was removed, or would be, of each merge that has a retention" });
