import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { RowSchema } from "@watersmeet/core/schema";
import type { ChildWork } from "../../child/protocol.ts";
import type { MergeTerms } from "../../project/project.ts";
import type { MergeFunctions } from "../../stores/port/staged-merge.ts";
import type { ExchangeFile } from "../../stores/port/staging.ts";
import { performInChild } from "../perform-in-child.ts";
import { nameStep, type StepWork, type VerbResult } from "../step-work.ts";

type Ended = Extract<VerbResult<never>, { readonly kind: "ended" }>;

/** Thrown through the store that asked, when a child with the author's code did not answer: the attempt ends as `ended` says, whatever the store makes of it. */
export class AuthorCodeEnded extends Error {
  readonly ended: Ended;

  constructor(ended: Ended) {
    super("the author's function did not give what the merge needs");
    this.ended = ended;
  }
}

/** How an attempt ends whose store stopped because of an {@link AuthorCodeEnded}; stores may wrap what is thrown through them. */
export function findAuthorEnd(error: unknown): Ended | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof AuthorCodeEnded) return at.ended;
  return null;
}

/** The author's upcasters and reducers, each call of them in a child. `undefined`: the merge has none. */
export async function bindAuthorFunctions(work: StepWork, terms: MergeTerms): Promise<MergeFunctions | undefined> {
  const hasUpcaster = terms.epochs.some(({ upcaster }) => upcaster !== null);
  if (!hasUpcaster && Object.keys(terms.reducers).length === 0) return undefined;
  await mkdir(work.stagingDirectory, { recursive: true });
  let count = 0;
  const nextPath = (what: string, { format }: ExchangeFile): string => {
    count += 1;
    return join(work.stagingDirectory, `${what}-${count}.${format}`);
  };
  const { asset, spec } = work;
  return {
    directory: work.stagingDirectory,
    upcast({ from, file }) {
      const { epochs, fields: present } = terms;
      const output = { path: nextPath("upcast", file), schema: upcastSchema(spec.schema) };
      return answerWithFile(work, { kind: "upcast", asset, epochs, from, present, file, output });
    },
    reduce({ column, file }) {
      const output = { path: nextPath("reduced", file) };
      return answerWithFile(work, { kind: "reduce", asset, column, schema: spec.schema, file, output });
    },
  };
}

async function answerWithFile(work: StepWork, request: ChildWork): Promise<ExchangeFile> {
  const answered = await performInChild(work, request);
  if (answered.kind === "ended") throw new AuthorCodeEnded(answered);
  const result = answered.value;
  if (result.kind === "file") return result.file;
  throw new WatersmeetError(
    "INTERNAL",
    `a child of ${nameStep(work.step)} answered ${result.kind} when asked for a file`,
  );
}

/** Rows that may lack any column, with how they fared. See `MergeFunctions`. */
function upcastSchema({ columns }: RowSchema): RowSchema {
  return {
    columns: [
      { name: "_ordinal", type: { kind: "bigint" }, isNullable: false, nullAs: "null" },
      { name: "_present", type: { kind: "text" }, isNullable: false, nullAs: "null" },
      { name: "_fault", type: { kind: "text" }, isNullable: true, nullAs: "null" },
      ...columns.map(({ name, type }) => ({ name, type, isNullable: true, nullAs: "null" }) as const),
    ],
  };
}
