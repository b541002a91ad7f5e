import { WatersmeetError } from "@watersmeet/core/errors";
import {
  planEpochReading,
  type ColumnReading,
  type EpochChain,
  type EpochReading,
  type FoldBatch,
} from "@watersmeet/core/merge";
import type { RowSchema } from "@watersmeet/core/schema";
import type { CatalogBatch } from "../catalog/batches.ts";
import { toFoldBatch } from "../catalog/batches.ts";
import type { DerivedBatch } from "../catalog/derived.ts";
import type { EpochForm } from "../catalog/epochs.ts";
import { qualifyContributions } from "../contribution-table.ts";
import type { MergeDialect } from "../merge-dialect.ts";

/** What is read, and in which form. */
export interface FormFacts {
  readonly dialect: MergeDialect;
  readonly asset: { readonly assetId: number; readonly key: string };
  readonly schema: RowSchema;
  /** Form that everything is read in. */
  readonly present: EpochForm;
  /** Forms that batches are written in. */
  readonly forms: readonly EpochForm[];
  readonly steps: EpochChain["steps"];
  /** What upcasters have made of batches, whatever led there. */
  readonly derived: readonly DerivedBatch[];
}

/** Reads batches in the present form of a merge, whichever they were written in. */
export interface FormReader {
  /** How the fold sees a batch: under the number that its rows are read by. */
  toFoldBatch(batch: CatalogBatch): FoldBatch;
  /** Whether the rows of all of them stand in the table of the present form. */
  isPresent(batches: readonly CatalogBatch[]): boolean;
  /** A SELECT of their contributions in the form of a contribution table; `joined` is what a table `t` with cells by position is joined to, to have fewer rows. */
  renderContributions(batches: readonly CatalogBatch[], joined?: string): string;
  /** How many of its rows an upcaster could not bring here. */
  countFailed(batch: CatalogBatch): number;
}

/** Where the rows of some batches are, and how its columns are read. */
interface Place {
  readonly table: string;
  readonly form: EpochForm;
  readonly columns: readonly ColumnReading[];
}

export function createFormReader(facts: FormFacts): FormReader {
  const chain: EpochChain = { steps: facts.steps, present: facts.present.fields };
  const readings = new Map<string, EpochReading>();
  const placeOf = (
    batch: CatalogBatch,
  ): { readonly place: Place; readonly number: number; readonly derived: DerivedBatch | undefined } => {
    const form = findForm(facts, batch);
    const reading = readings.get(form.schemaId) ?? planEpochReading(chain, form);
    readings.set(form.schemaId, reading);
    if (reading.kind === "unreadable")
      throw refuseUnreadable(
        facts,
        form,
        reading.changes.map(({ text }) => text),
      );
    if (reading.kind === "columns") {
      return {
        place: { table: qualifyContributions(facts.asset.assetId, form.schemaId), form, columns: reading.columns },
        number: batch.number,
        derived: undefined,
      };
    }
    const derived = facts.derived.find((one) => one.number === batch.number && one.reading === reading.fingerprint);
    if (derived === undefined) throw refuseUnreadable(facts, form, ["its rows were not run through the upcasters"]);
    const columns = facts.present.fields.map(({ id, name, type, isKey }) => ({
      field: id,
      name,
      type,
      isKey,
      from: name,
      isCast: false,
    }));
    return {
      place: { table: qualifyContributions(facts.asset.assetId, facts.present.schemaId), form: facts.present, columns },
      number: derived.derivedNumber,
      derived,
    };
  };
  return {
    toFoldBatch(batch) {
      const { number, place, derived } = placeOf(batch);
      const carried = new Set(derived?.columns ?? batch.columns);
      const columns = place.columns.filter(({ from }) => from !== null && carried.has(from)).map(({ name }) => name);
      return {
        ...toFoldBatch(batch),
        number,
        columns,
        hasRowPresence: derived?.hasRowPresence ?? batch.hasRowPresence,
      };
    },
    isPresent: (batches) => batches.every((batch) => placeOf(batch).place.form.schemaId === facts.present.schemaId),
    countFailed: (batch) => placeOf(batch).derived?.failedCount ?? 0,
    renderContributions(batches, joined = "") {
      const placed = batches.map(placeOf);
      const byTable = Map.groupBy(placed, ({ place }) => place.table);
      const selects = [...byTable.values()].flatMap((some) => {
        const [first] = some;
        return first === undefined
          ? []
          : [renderPlace(facts, first.place, { numbers: some.map(({ number }) => number), joined })];
      });
      return selects.length === 0 ? renderNothing(facts) : selects.join(" union all ");
    },
  };
}

function findForm(facts: FormFacts, batch: CatalogBatch): EpochForm {
  if (batch.schemaId === facts.present.schemaId) return facts.present;
  const form = facts.forms.find((one) => one.schemaId === batch.schemaId);
  if (form === undefined)
    throw new TypeError(`Batch ${batch.number} of ${facts.asset.key} has a form that the store does not know`);
  return form;
}

function refuseUnreadable({ asset }: FormFacts, form: EpochForm, changes: readonly string[]): WatersmeetError {
  return new WatersmeetError(
    "MERGE_EPOCH_INCOMPATIBLE",
    `${asset.key}: batches of epoch ${form.number} cannot be read any more: ${changes.join("; ")}`,
    {
      hint: `Take the change back, use a new column for the new meaning, or declare the form of epoch ${form.number} with an upcaster.`,
      details: { asset: asset.key, epoch: form.number, changes },
    },
  );
}

function renderPlace(
  { dialect, present, schema }: FormFacts,
  { columns, form, table }: Place,
  { numbers, joined }: { readonly numbers: readonly number[]; readonly joined: string },
): string {
  const only = `where t._batch in (${numbers.join(", ")})`;
  if (form.schemaId === present.schemaId) {
    return `select ${[...common, "t._present", ...schema.columns.map((_, index) => `t.c${index}`)].join(", ")} from ${table} as t${joined} ${only}`;
  }
  const positions = new Map(form.fields.map(({ name }, index) => [name, index]));
  const places = columns.map(({ from }) => (from === null ? undefined : positions.get(from)));
  const cells = columns.map(({ type, isCast }, index) => {
    const position = places[index];
    if (position === undefined) return `null::${dialect.renderCellType(type)} as c${index}`;
    return `c${position}${isCast ? `::${dialect.renderCellType(type)}` : ""} as c${index}`;
  });
  const bits = places.map((position) =>
    position === undefined ? "'1'" : `case when get_bit(_present, ${position}) = 0 then '0' else '1' end`,
  );
  const bit = `case when _present is not null then (${bits.join(" || ")})::${dialect.presenceType} end as _present`;
  const read = `select ${[...common.map((name) => name.slice(2)), bit, ...cells].join(", ")} from ${table} as t ${only}`;
  return `select t.* from (${read}) as t${joined}`;
}

const common = ["t._batch", "t._fault", "t._op", "t._at", "t._sequence", "t._ordinal", "t._copy"] as const;

function renderNothing({ dialect, schema }: FormFacts): string {
  const types = ["integer", "varchar", "smallint", "bigint", "bigint", "bigint", "integer", dialect.presenceType];
  const names = [...common.map((name) => name.slice(2)), "_present"];
  const columns = [
    ...names.map((name, index) => `null::${types[index]} as ${name}`),
    ...schema.columns.map(({ type }, index) => `null::${dialect.renderCellType(type)} as c${index}`),
  ];
  return `select ${columns.join(", ")} where false`;
}
