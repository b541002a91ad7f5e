import { expect, test } from "vitest";
import { tellEpochs } from "./schema-history.ts";

const epoch = (number: number, note: string | null) => ({
  number,
  note,
  fields: [],
  hash: `h${number}`,
  registeredAt: "2001-01-31T00:00:00.000000Z",
  batches: 1,
});

test("a form was left for the reason that the code gives, else for the one on record with the form after it", () => {
  const step = { fields: [], hash: "h1", note: "in metres, since 2001", isLossy: false, upcaster: null };
  const epochs = [epoch(1, null), epoch(2, "in metres"), epoch(3, "without notes")];
  expect(tellEpochs(epochs, { steps: [step], present: "h3" })).toMatchObject([
    { number: 1, note: "in metres, since 2001", isPresent: false },
    { number: 2, note: "without notes", isPresent: false },
    { number: 3, note: null, isPresent: true },
  ]);
  expect(tellEpochs(epochs, { steps: [], present: "h3" })[0]?.note).toBe("in metres");
});
