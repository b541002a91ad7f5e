import { expect, test } from "vitest";
import type { AuditEntryDto } from "../../../read/merges/audit-dto.ts";
import type { BatchDto } from "../../../read/merges/batch-dto.ts";
import type { CutDto } from "../../../read/merges/cut-dto.ts";
import type { ContributionDto, ExplanationDto } from "../../../read/merges/explanation-dto.ts";
import type { MergeDto, MergeLegDto, MergePartitionDto } from "../../../read/merges/merge-dto.ts";
import type { EpochDto, FieldDto, SchemaCheckDto } from "../../../read/merges/schema-dto.ts";
import { plainStyle } from "../style.ts";
import { renderAudit } from "./audit.ts";
import { renderBatchRows, renderBatchTable } from "./batches.ts";
import { renderExplanation } from "./explanation.ts";
import { renderGivenOrder } from "./order.ts";
import { renderEpochs, renderSchemaCheck } from "./schemas.ts";
import { renderCut, renderMerge } from "./synchronization-point.ts";

const digits = (digit: string): string => digit.repeat(64);

function aBatch(id: string, changes: Partial<BatchDto> = {}): BatchDto {
  return {
    id,
    asset: "airports",
    partition: "",
    branch: "faa",
    batchKey: '["faa","faa",""]',
    generation: 1,
    epoch: 1,
    digest: digits("d"),
    sequence: "3",
    rowCount: 7698,
    duplicateCount: 0,
    rejectedCount: 0,
    outsideCount: 0,
    eventTimes: { least: "2001-01-01T00:00:00Z", greatest: "2001-01-31T00:00:00Z" },
    cursor: { from: "2001-01-01", to: "2001-01-31" },
    promise: null,
    origin: {
      asset: "faa",
      partition: "",
      version: 3,
      commitId: digits("c"),
      codeVersion: digits("7"),
      runId: "1042",
      traceId: digits("4").slice(0, 32),
    },
    standing: "live",
    lateness: { onTime: 7698 },
    sealedAt: "2001-02-01T05:00:00.123Z",
    sinceVersion: 3,
    ...changes,
  };
}

const held = aBatch(digits("b"), {
  standing: "held",
  rowCount: 3,
  rejectedCount: 1,
  outsideCount: 4,
  lateness: { beyondGrace: 2, closed: 1 },
  sinceVersion: null,
});

const noBatches = { live: 0, superseded: 0, revoked: 0, held: 0, rejected: 0 };

const legs: readonly MergeLegDto[] = [
  {
    branch: "faa",
    state: "active",
    watermark: "2001-01-31T00:00:00Z",
    isLastGood: true,
    batches: { ...noBatches, live: 3, superseded: 1, held: 1, revoked: 2 },
    inputs: [{ asset: "faa", partition: "", version: 3 }],
    gaps: [{ from: "2001-02-01", to: "2001-02-03" }],
  },
  {
    branch: "openFlights",
    state: "finished",
    watermark: "infinity",
    isLastGood: false,
    batches: { ...noBatches, live: 5 },
    inputs: [1, 2, 3, 4, 5].map((day) => ({ asset: "openFlights", partition: `2001-01-0${day}`, version: 1 })),
    gaps: [],
  },
];

const point: MergePartitionDto = {
  partition: "",
  version: 4,
  cutId: digits("3"),
  committedAt: "2001-02-01T05:00:00.123Z",
  decision: { kind: "quorum", missing: ["faa"], allowed: 1 },
  watermark: "2001-01-31T00:00:00Z",
  fates: { winner: 8338, superseded: 7900, duplicate: 46, held: 3, revoked: 12 },
  legs,
  waitingFor: [{ branch: "faa", why: "its newest version 4 is not joined yet" }],
  held: 1,
};

const policy: MergeDto["policy"] = {
  key: ["iata"],
  rows: "recencyFirst",
  columns: {},
  trust: {},
  eventTime: "updatedAt",
};

test("a merge of one partition says what it joined, what it waits for, and what was left out", async () => {
  const merge = { asset: "airports", policy, isFrozen: false, partitions: [point] };
  await expect(renderMerge(merge, plainStyle)).toMatchFileSnapshot("golden/merge.txt");
});

test("a merge of several partitions is a table of them, and a frozen one says so first", async () => {
  const waiting = { ...point, partition: "2001-02-02", version: null, cutId: null, committedAt: null, held: 0 };
  const partitions = [{ ...point, partition: "2001-02-01", waitingFor: [] }, waiting];
  const merge = { asset: "airports", policy, isFrozen: true, partitions };
  await expect(renderMerge(merge, plainStyle)).toMatchFileSnapshot("golden/merge-partitions.txt");
});

test("a merge of which nothing is known yet says so", () => {
  expect(renderMerge({ asset: "airports", policy, isFrozen: false, partitions: [] }, plainStyle)).toBe(
    "airports has no version and waits for nothing",
  );
});

test("a recorded cut says what its version joins", async () => {
  const cut: CutDto = {
    id: digits("3"),
    asset: "airports",
    partition: "",
    version: 4,
    baseVersion: 3,
    committedAt: "2001-02-01T05:00:00.123Z",
    codeVersion: digits("7"),
    policyVersion: digits("9"),
    epoch: 2,
    joinKeys: ["iata"],
    decision: { kind: "deadline", missing: ["faa"], allowed: 7_200_000 },
    watermark: null,
    isComplete: false,
    legs: legs.map((leg) => ({
      ...leg,
      epochs: [1, 2],
      inputs: leg.inputs.map((input) => ({ ...input, commitId: digits("c") })),
      cadence: null,
    })),
    fates: { winner: 8338, superseded: 7900 },
  };
  await expect(renderCut(cut, plainStyle)).toMatchFileSnapshot("golden/cut.txt");
});

test("batches are listed with how they stand and how late they were", async () => {
  const batches = [held, aBatch(digits("a"), { standing: "superseded", eventTimes: null, origin: null })];
  await expect(renderBatchTable(batches, plainStyle)).toMatchFileSnapshot("golden/batches.txt");
});

test("a batch is shown with its rows as they were delivered", async () => {
  const row = {
    operation: "upsert" as const,
    key: { iata: "JFK" },
    cells: { iata: "JFK", name: "Kenn\u001b[31medy" },
    eventTime: "2000-12-31T00:00:00Z",
    sequence: "0",
    lateClass: "closed" as const,
    fault: null,
  };
  const rows = [row, { ...row, key: {}, cells: { name: null }, eventTime: null, fault: "keyMissing" }];
  await expect(renderBatchRows({ batch: held, rows }, plainStyle)).toMatchFileSnapshot("golden/batch-rows.txt");
});

function aContribution(branch: string, id: string, changes: Partial<ContributionDto>): ContributionDto {
  const { origin, cursor } = aBatch(id);
  return {
    fate: "winner",
    operation: "upsert",
    branch,
    cells: {},
    token: [
      { part: "time", value: "2001-01-31T00:00:00Z" },
      { part: "trust", value: "2" },
    ],
    lateClass: "onTime",
    batch: {
      id,
      generation: 1,
      epoch: 1,
      standing: "live",
      cursor,
      origin: origin === null ? null : { ...origin, materializationId: "m1" },
    },
    ...changes,
  };
}

test("an explanation names winners, runners-up with their tokens, tombstones, what else was said, and where it comes from", async () => {
  const faa = aContribution("faa", digits("a"), { cells: { name: "Kennedy", city: null } });
  const openFlights = aContribution("openFlights", digits("b"), {
    fate: "superseded",
    cells: { name: "JFK Intl" },
    token: [
      { part: "time", value: "2001-01-30T00:00:00Z" },
      { part: "trust", value: "1" },
    ],
  });
  const explanation: ExplanationDto = {
    asset: "airports",
    partition: "",
    version: 4,
    cutId: digits("3"),
    isByPresentRules: true,
    key: { iata: "JFK" },
    row: { iata: "JFK", name: "Kennedy", city: null, lat: 40.6 },
    isConflict: false,
    cells: [
      { column: "name", policy: "recencyFirst", value: "Kennedy", winners: [faa], runnersUp: [openFlights] },
      { column: "lat", policy: "priorityFirst", value: null, winners: [], runnersUp: [] },
    ],
    tombstones: [aContribution("openFlights", digits("c"), { fate: "superseded", operation: "delete" })],
    others: [
      aContribution("faa", digits("d"), { fate: "held", cells: { name: "Idlewild" }, lateClass: "beyondGrace" }),
    ],
  };
  await expect(renderExplanation(explanation, plainStyle)).toMatchFileSnapshot("golden/explanation.txt");
});

test("a key without a row, and one on which the sources disagree, say so", () => {
  const explanation: ExplanationDto = {
    asset: "airports",
    partition: "2001",
    version: 4,
    cutId: digits("3"),
    isByPresentRules: false,
    key: { iata: "XXX" },
    row: null,
    isConflict: true,
    cells: [],
    tombstones: [],
    others: [],
  };
  expect(renderExplanation(explanation, plainStyle).split("\n")).toEqual([
    "airports@2001 iata=XXX  version 4, cut 333333333333",
    "The version was made by other rules than the code has now: this is what today's make of what was delivered",
    "There is no row of this key in this version",
    "The sources disagree, and the policy keeps what each says",
  ]);
});

test("an order says what was decided about, what becomes stale, and what it would do in a dry run", async () => {
  const order = {
    batches: [held],
    partitions: ["2001-01-31"],
    descendants: ["dailyDelays", "badDays"],
    stayOut: [],
    run: null,
  };
  const verb = { done: "Revoked", toDo: "Would revoke", withoutBatches: "No batch is meant" };
  const text = renderGivenOrder({ order, followed: null, isDryRun: true }, verb, plainStyle);
  await expect(text).toMatchFileSnapshot("golden/order-dry-run.txt");
});

function aField(name: string, changes: Partial<FieldDto> = {}): FieldDto {
  return { id: name, name, type: "text", isNullable: false, isKey: false, unit: null, ...changes };
}

test("the history of a schema shows every form, and why it was left", async () => {
  const epochs: readonly EpochDto[] = [
    {
      number: 1,
      hash: digits("1"),
      fields: [aField("iata", { isKey: true }), aField("title")],
      registeredAt: "2001-01-01T00:00:00Z",
      batchCount: 3,
      note: "the registry calls it a name",
      isPresent: false,
    },
    {
      number: 2,
      hash: digits("2"),
      fields: [
        aField("iata", { isKey: true }),
        aField("title", { name: "name" }),
        aField("height", { type: "decimal(8, 2)", isNullable: true, unit: "m" }),
      ],
      registeredAt: "2001-02-01T00:00:00Z",
      batchCount: 0,
      note: null,
      isPresent: true,
    },
  ];
  await expect(renderEpochs(epochs, plainStyle)).toMatchFileSnapshot("golden/epochs.txt");
});

test("a check of schemas names what changed, who reads it, and what became of real batches", async () => {
  const change = {
    field: "title",
    kind: "renamed",
    isCompatible: true,
    text: "title is now called name",
    consumers: [],
  };
  const check: SchemaCheckDto = {
    isCompatible: false,
    items: [
      {
        asset: "airports",
        isCompatible: false,
        broken: [{ message: 'the field id "size" was dropped and cannot come back', hint: "Give it an id of its own" }],
        present: [],
        comparisons: [
          {
            from: 1,
            isBridged: false,
            changes: [
              change,
              {
                field: "height",
                kind: "type",
                isCompatible: false,
                text: "height was text and is decimal(8, 2)",
                consumers: [
                  { asset: "dailyDelays", namedAt: "assets/delays.ts:12" },
                  { asset: "badDays", namedAt: null },
                ],
              },
            ],
          },
          { from: 2, isBridged: true, changes: [change] },
        ],
        replay: [
          { batchId: digits("a"), epoch: 1, rowCount: 2, rejectedCount: 1, reasons: ["iata=JFK: height is no number"] },
          { batchId: digits("b"), epoch: 2, rowCount: 7, rejectedCount: 0, reasons: [] },
        ],
        differences: [
          {
            partition: "2001",
            version: 4,
            comparedKeys: 9,
            differentKeys: 1,
            samples: [{ key: "JFK", before: [{ iata: "JFK", name: "Idlewild" }], after: [] }],
            failure: null,
          },
          { partition: "2002", version: 2, comparedKeys: 3, differentKeys: 0, samples: [], failure: null },
          {
            partition: "2003",
            version: 1,
            comparedKeys: 0,
            differentKeys: 0,
            samples: [],
            failure: { code: "MERGE_EPOCH_INCOMPATIBLE", message: "height was text", hint: "Write an upcaster" },
          },
        ],
      },
      { asset: "carriers", isCompatible: true, broken: [], present: [], comparisons: [], replay: [], differences: [] },
    ],
  };
  await expect(renderSchemaCheck(check, plainStyle)).toMatchFileSnapshot("golden/schema-check.txt");
});

test("an audit trail is one line for each thing that happened", async () => {
  const entry: AuditEntryDto = {
    sequence: "12",
    at: "2001-02-01T05:00:00.123Z",
    kind: "order:given",
    partition: "",
    version: 4,
    by: "cli:ana@host",
    reason: "the file was cut off",
    text: "cli:ana@host ordered: revoke 1 batch, because the file was cut off.",
    details: {},
  };
  const committed = {
    ...entry,
    kind: "version:committed" as const,
    by: null,
    reason: null,
    text: "Version 4 has 8,338 rows.",
  };
  await expect(renderAudit([committed, entry], plainStyle)).toMatchFileSnapshot("golden/audit.txt");
});
