import { describe, test } from "vitest";
import { laws } from "../../test/merge/law-suite.ts";
import { sealBatch } from "./batch/seal-batch.ts";
import { fold } from "./fold/fold.ts";

describe("the laws of a merge", () => {
  for (const [name, { title, check }] of Object.entries(laws))
    test(`${name}: ${title}`, () => check({ fold, seal: sealBatch }));
});
