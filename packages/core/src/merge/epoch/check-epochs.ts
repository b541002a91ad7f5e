import type { Problem } from "../../errors/problem.ts";
import { stableJson } from "../../values/stable-json.ts";
import { hashEpoch } from "./assign-epoch.ts";
import { compareEpochs, type EpochChange } from "./compare-epochs.ts";
import type { Epoch, EpochField } from "./epoch.ts";
import { planEpochReading, type EpochChain } from "./plan-epoch-reading.ts";

/** The present form against one that was registered. */
export interface EpochComparison {
  /** Number of the epoch. */
  readonly from: number;
  /** All differences to the present form, whether or not code bridges them. */
  readonly changes: readonly EpochChange[];
  /** An upcaster leads on. */
  readonly isBridged: boolean;
  /** Changes that neither rule nor code bridges; empty: its rows can be read. */
  readonly unbridged: readonly EpochChange[];
}

/** What `checkEpochs` looks at. */
export interface EpochCheck {
  readonly asset: string;
  /** All that were ever registered, with the number of batches that are kept of each. */
  readonly registered: readonly (Epoch & { readonly batches: number })[];
  readonly chain: EpochChain;
  /** Assets that read a column, by its name now or before, for the message. @default nobody is named */
  readonly consumersOf?: (column: string) => readonly string[];
}

/** The present form against each epoch, by number. */
export function compareWithEpochs(registered: readonly Epoch[], chain: EpochChain): readonly EpochComparison[] {
  return registered
    .toSorted((a, b) => a.number - b.number)
    .map((epoch) => {
      const reading = planEpochReading(chain, epoch);
      return {
        from: epoch.number,
        changes: compareEpochs(epoch.fields, chain.present),
        isBridged: reading.kind === "upcast",
        unbridged: reading.kind === "unreadable" ? reading.changes : [],
      };
    });
}

/**
 * Everything that keeps a merge from reading what it has (M40): the present form is held against *every* epoch that still has batches, not only the latest, since late rows may be
 * old. Problems are MERGE_EPOCH_INCOMPATIBLE and, of what is declared, MERGE_EPOCH_CHAIN_BROKEN.
 */
export function checkEpochs(check: EpochCheck): readonly Problem[] {
  const kept = check.registered.filter((epoch) => epoch.batches > 0);
  const incompatible = compareWithEpochs(kept, check.chain).filter(({ unbridged }) => unbridged.length > 0);
  const broken = checkEpochChain(check.chain, check.registered);
  return [
    ...broken.map((problem) => ({ ...problem, message: `${check.asset}: ${problem.message}` })),
    ...incompatible.map((comparison) => describeIncompatible(check, comparison)),
  ];
}

/**
 * What is wrong with the forms that an author declares, as MERGE_EPOCH_CHAIN_BROKEN: they must be one line, each form once, and what was dropped stays dropped, also since what was
 * `registered`. Messages do not name the merge.
 */
export function checkEpochChain(chain: EpochChain, registered: readonly Epoch[] = []): readonly Problem[] {
  const present = { hash: hashEpoch(chain.present), fields: chain.present };
  const declared = [...chain.steps, present];
  const isKnown = registered.some(({ hash }) => hash === present.hash);
  const history = isKnown ? [] : [...registered.toSorted((a, b) => a.number - b.number), present];
  const returns = [...findReturns(declared), ...findReturns(history).filter(({ form }) => form === history.length)];
  const byId = new Map(returns.map(({ field }) => [field.id, field]));
  return [...findRepeated(declared), ...[...byId.values()].map(describeReturn)];
}

function describeIncompatible(check: EpochCheck, { from, unbridged }: EpochComparison): Problem {
  const epoch = check.registered.find(({ number }) => number === from);
  const consumers = [...new Set(unbridged.flatMap(({ field }) => listConsumers(check, epoch, field)))].sort();
  const readBy = consumers.length === 0 ? "" : ` Read by ${consumers.join(", ")}.`;
  return {
    code: "MERGE_EPOCH_INCOMPATIBLE",
    message: `${check.asset}: epoch ${from}, of which ${epoch?.batches} ${epoch?.batches === 1 ? "batch is" : "batches are"} kept, cannot be read any more: ${unbridged.map(({ text }) => text).join("; ")}.${readBy}`,
    hint: hasOtherKey(epoch?.fields ?? [], check.chain.present) ? otherKeyHint : upcastHint(from),
  };
}

const otherKeyHint =
  "The key identifies all that was delivered. Keep it, or give the merge with the other key a name of its own.";

function upcastHint(from: number): string {
  return `Take the change back, use a new column for the new meaning, or declare the form of epoch ${from} with an upcaster: epochs: [{ schema, note, upcast: (row) => ({ … }) }]`;
}

function hasOtherKey(from: readonly EpochField[], to: readonly EpochField[]): boolean {
  const [before, after] = [from, to].map((fields) => fields.filter(({ isKey }) => isKey).map(({ id }) => id));
  return stableJson(before) !== stableJson(after);
}

function listConsumers(check: EpochCheck, epoch: Epoch | undefined, id: string): readonly string[] {
  const names = [...(epoch?.fields ?? []), ...check.chain.present].filter((field) => field.id === id);
  return [...new Set(names.map(({ name }) => name))].flatMap((name) => check.consumersOf?.(name) ?? []);
}

function findRepeated(declared: readonly Pick<Epoch, "hash">[]): readonly Problem[] {
  return declared.flatMap(({ hash }, at) => {
    const first = declared.findIndex((other) => other.hash === hash);
    if (first === at) return [];
    const what = at === declared.length - 1 ? "the schema" : `form ${at + 1} of epochs`;
    return [
      {
        code: "MERGE_EPOCH_CHAIN_BROKEN" as const,
        message: `${what} is the same as form ${first + 1} of epochs, so that nothing says which of the two follows the other`,
        hint: "Declare each form that was left behind once, oldest first. The schema itself is the last and is not listed.",
      },
    ];
  });
}

/** Fields that a form has although an earlier one had left them out; `form` counts from 1. */
function findReturns(
  forms: readonly Pick<Epoch, "fields">[],
): readonly { readonly field: EpochField; readonly form: number }[] {
  const seen = new Set<string>();
  const dropped = new Set<string>();
  return forms.flatMap(({ fields }, at) => {
    const ids = new Set(fields.map(({ id }) => id));
    const returned = fields.filter(({ id }) => dropped.has(id)).map((field) => ({ field, form: at + 1 }));
    for (const id of seen) if (!ids.has(id)) dropped.add(id);
    for (const id of ids) seen.add(id);
    return returned;
  });
}

function describeReturn({ id, name }: EpochField): Problem {
  return {
    code: "MERGE_EPOCH_CHAIN_BROKEN",
    message: `the field id "${id}" of the column "${name}" was dropped and cannot come back: what rows of before say of it would be read as the new column`,
    hint: `Give the column an id of its own: .meta({ field: "${id}_2" })`,
  };
}
