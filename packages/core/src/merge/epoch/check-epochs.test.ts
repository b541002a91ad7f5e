import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compatibleForms, field, rename } from "../../../test/epoch/random-forms.ts";
import { hashEpoch } from "./assign-epoch.ts";
import { checkEpochs, compareWithEpochs } from "./check-epochs.ts";
import { compareEpochs } from "./compare-epochs.ts";
import type { Epoch, EpochField, EpochStep } from "./epoch.ts";

const runs = { numRuns: 300, seed: 24 };

function epoch(number: number, fields: readonly EpochField[], batches = 1): Epoch & { readonly batches: number } {
  return { number, fields, hash: hashEpoch(fields), batches };
}

function step(fields: readonly EpochField[], upcaster: string | null): EpochStep {
  return { fields, hash: hashEpoch(fields), note: "", isLossy: false, upcaster };
}

const id = { ...field("id", { kind: "text" }), isKey: true, isNullable: false };
const amount = field("amount", { kind: "integer" });
const amountText = field("amount", { kind: "text" });
const [v1, v2, v3] = [[id, amount], [id], [id, amountText]];

describe("epochs that still have batches (M40)", () => {
  test("every one is checked, not only the latest: two compatible changes may come to one that is not", () => {
    const registered = [epoch(1, v1), epoch(2, v2)];
    const chain = { steps: [], present: v3 };
    expect([compareEpochs(v1, v2), compareEpochs(v2, v3)].flat().every(({ isCompatible }) => isCompatible)).toBe(true);
    const problems = checkEpochs({
      asset: "airports",
      registered,
      chain,
      consumersOf: (column) => [`reads_${column}`],
    });
    expect(problems.filter(({ code }) => code === "MERGE_EPOCH_INCOMPATIBLE")).toMatchObject([
      {
        message:
          'airports: epoch 1, of which 1 batch is kept, cannot be read any more: "amount" was integer and is text. Read by reads_amount.',
      },
    ]);
  });

  test("a key of other columns is another merge, which the hint says", () => {
    const registered = [epoch(1, [id, amount])];
    const present = [id, { ...amount, isKey: true, isNullable: false }];
    const [problem] = checkEpochs({ asset: "a", registered, chain: { steps: [], present } });
    expect(problem).toMatchObject({
      code: "MERGE_EPOCH_INCOMPATIBLE",
      hint: expect.stringContaining("a name of its own"),
    });
  });

  test("one without batches does not hold anything up", () => {
    const registered = [epoch(1, [id, amount], 0)];
    expect(checkEpochs({ asset: "a", registered, chain: { steps: [], present: [id, amountText] } })).toEqual([]);
  });

  test("an upcaster that leads on bridges any change", () => {
    const chain = { steps: [step([id, amount], "f")], present: [id, amountText] };
    const registered = [epoch(1, [id, amount])];
    expect(checkEpochs({ asset: "a", registered, chain })).toEqual([]);
    expect(compareWithEpochs(registered, chain)).toMatchObject([
      { from: 1, isBridged: true, changes: [{ kind: "typeChanged" }] },
    ]);
  });

  test("a form before the upcaster is bridged only if it reaches what the upcaster takes", () => {
    const [old, taken] = [
      [id, field("amount", { kind: "double" })],
      [id, amount],
    ];
    const chain = { steps: [step(old, null), step(taken, "f")], present: [id, amountText] };
    expect(checkEpochs({ asset: "a", registered: [epoch(1, old), epoch(2, taken)], chain })).toMatchObject([
      { code: "MERGE_EPOCH_INCOMPATIBLE", message: expect.stringContaining('"amount" was double and is integer') },
    ]);
  });

  test("a form that nobody declares is not led through the upcaster of another", () => {
    const chain = { steps: [step([id, amount], "f")], present: [id, amountText] };
    const undeclared = epoch(2, [id, amount, field("note", { kind: "text" })]);
    expect(checkEpochs({ asset: "a", registered: [undeclared], chain })).toHaveLength(1);
  });

  test("compatible changes, however many, come to one that is compatible (transitivity)", () => {
    fc.assert(
      fc.property(compatibleForms(fc), (forms) => {
        const registered = forms.map((fields, index) => epoch(index + 1, fields));
        expect(checkEpochs({ asset: "a", registered, chain: { steps: [], present: forms.at(-1) ?? [] } })).toEqual([]);
      }),
      runs,
    );
  });
});

describe("the chain of forms", () => {
  test("a dropped id does not come back, whether the forms are declared or registered", () => {
    const again = [id, { ...amount, name: "total" }];
    const broken = [
      { code: "MERGE_EPOCH_CHAIN_BROKEN", hint: 'Give the column an id of its own: .meta({ field: "amount_2" })' },
    ];
    const registered = [epoch(1, v1), epoch(2, v2)];
    expect(checkEpochs({ asset: "a", registered, chain: { steps: [], present: again } })).toMatchObject(broken);
    const steps = [step(v1, null), step(v2, null)];
    expect(checkEpochs({ asset: "a", registered: [], chain: { steps, present: again } })).toMatchObject(broken);
  });

  test("taking an edit back is no return of what it had dropped", () => {
    const registered = [epoch(1, v1), epoch(2, v2)];
    expect(checkEpochs({ asset: "a", registered, chain: { steps: [], present: v1 } })).toEqual([]);
  });

  test("a renamed column keeps its id and drops nothing", () => {
    const registered = [epoch(1, v1), epoch(2, [id, rename(amount, "total")])];
    expect(checkEpochs({ asset: "a", registered, chain: { steps: [], present: [id, rename(amount, "sum")] } })).toEqual(
      [],
    );
  });

  test("each form is declared once, and the present one not at all", () => {
    const steps = [step(v1, null), step(v2, null), step(v1, null)];
    const problems = checkEpochs({ asset: "a", registered: [], chain: { steps, present: v2 } });
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("form 3 of epochs is the same as form 1"),
      expect.stringContaining("the schema is the same as form 2"),
      expect.stringContaining('field id "amount"'),
    ]);
  });
});
