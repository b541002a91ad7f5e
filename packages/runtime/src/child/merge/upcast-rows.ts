import type { Definition } from "@watersmeet/core";
import { WatersmeetError } from "@watersmeet/core/errors";
import {
  buildUpcast,
  planEpochReading,
  type EpochField,
  type EpochStep,
  type SaidRow,
  type Upcaster,
  type UpcastRow,
} from "@watersmeet/core/merge";
import { readRowSchema, type Row } from "@watersmeet/core/schema";
import { openRowWriter } from "../../exchange/open-row-writer.ts";
import { readExchangeFile } from "../../exchange/read-exchange-file.ts";
import type { ChildResult, ChildWork } from "../protocol.ts";

type UpcastWork = Extract<ChildWork, { readonly kind: "upcast" }>;

/**
 * Brings rows of an earlier form to the present one. A row that an upcaster throws on, or makes no row of, keeps its place with the reason: no row is lost, and none takes
 * the others with it.
 */
export async function upcastRows(work: UpcastWork, definition: Definition, signal: AbortSignal): Promise<ChildResult> {
  const form = findForm(work);
  const upcast = bindUpcasters(work, form, definition);
  const readSaid = buildReader(form, listNullAsAbsent(definition.epochs[work.from]?.schema));
  const empty = Object.fromEntries(work.present.map(({ name }) => [name, null]));
  const writer = await openRowWriter({ path: work.output.path, schema: work.output.schema });
  try {
    for await (const rows of readExchangeFile(work.file, { signal })) {
      await writer.write(
        rows.map((stored) => ({ ...empty, ...describe(upcast(readSaid(stored))), _ordinal: stored["_ordinal"] })),
      );
    }
    return { kind: "file", file: await writer.seal() };
  } finally {
    await writer.abandon();
  }
}

function findForm({ asset, epochs, from }: UpcastWork): EpochStep {
  const form = epochs[from];
  if (form !== undefined) return form;
  throw new WatersmeetError("INTERNAL", `merge "${asset.key}" declares no form ${from + 1}`);
}

function bindUpcasters(
  { asset, epochs, present }: UpcastWork,
  form: EpochStep,
  definition: Definition,
): (said: SaidRow) => UpcastRow {
  const reading = planEpochReading({ steps: epochs, present }, form);
  if (reading.kind === "unreadable") {
    throw new WatersmeetError(
      "INTERNAL",
      `rows of merge "${asset.key}" were handed over in a form that cannot be read`,
    );
  }
  const steps = reading.kind === "columns" ? [] : reading.steps;
  return buildUpcast(
    reading,
    steps.flatMap(({ position }) => toUpcaster(definition.epochs[position]?.upcast ?? null) ?? []),
  );
}

/** The type of its parameter was derived from the schema that was left, which is gone at run time. */
function toUpcaster(upcast: Definition["epochs"][number]["upcast"]): Upcaster | null {
  return upcast === null ? null : (row) => Reflect.apply(upcast, undefined, [row]);
}

/** In a column that is optional and not nullable, NULL is how an absent value is stored. */
function listNullAsAbsent(schema: unknown): ReadonlySet<string> {
  const columns = readRowSchema(schema).schema?.columns ?? [];
  return new Set(columns.filter(({ nullAs }) => nullAs === "absent").map(({ name }) => name));
}

function buildReader({ fields }: EpochStep, nullAsAbsent: ReadonlySet<string>): (stored: Row) => SaidRow {
  return (stored) => {
    const given = stored["_present"];
    const names: unknown = typeof given === "string" ? JSON.parse(given) : null;
    const isSaid = ({ name, isKey }: EpochField): boolean =>
      isKey || (Array.isArray(names) ? names.includes(name) : stored[name] != null || !nullAsAbsent.has(name));
    const cells = (of: readonly EpochField[]): Row =>
      Object.fromEntries(of.filter(isSaid).map(({ name }) => [name, stored[name] ?? null]));
    return {
      operation: "upsert",
      key: cells(fields.filter(({ isKey }) => isKey)),
      cells: cells(fields.filter(({ isKey }) => !isKey)),
    };
  };
}

function describe(made: UpcastRow): Row {
  if (made.kind === "fault") return { _present: "[]", _fault: made.why.slice(0, maxFaultLength) };
  const row = { ...made.key, ...made.cells };
  return { ...row, _present: JSON.stringify(Object.keys(row)), _fault: null };
}

const maxFaultLength = 500;
