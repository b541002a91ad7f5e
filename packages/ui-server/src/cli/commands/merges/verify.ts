import { z } from "zod";
import { requireMerge } from "../../../read/merges/find-merge.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { answers, openDesk, pathOf } from "../../orders/open-desk.ts";
import { stripControls } from "../../render/cells.ts";
import { countOf } from "../../render/quantities.ts";
import type { Style } from "../../render/style.ts";
import { orderInput } from "./order-parts.ts";

export const verifyDefinition: CommandDefinition = {
  name: "verify",
  summary: "Folds keys of a merge again from its batches, and compares",
  description:
    "A difference is a defect of the incremental fold, or a hand in the tables: it freezes the merge, which publishes nothing until unfreeze.",
  arguments: [{ name: "merge", description: "the merge's key", isRequired: true }],
  options: [{ flags: "--per-mille <n>", description: "of 1,000 keys, how many (default: 1000, all)" }],
  examples: ["watersmeet verify airports", "watersmeet verify airports --per-mille 10 --json"],
  json: "ShadowCheck",
  exitCodes: { 3: "the table is not what the batches give" },
};

export const unfreezeDefinition: CommandDefinition = {
  name: "unfreeze",
  summary: "Lets a merge that a check has frozen publish again",
  description: "Find out first why the check failed: verify names keys, explain shows what was said of each.",
  arguments: [{ name: "merge", description: "the merge's key", isRequired: true }],
  options: [{ flags: "--reason <text>", description: "why; kept in the audit trail (required)" }],
  examples: ["watersmeet unfreeze airports --reason 'the table was edited by hand, and is folded anew'"],
  json: "{ unfrozen: merge }",
  exitCodes: {},
};

const verifyInput = z.strictObject({
  merge: z.string(),
  perMille: z.coerce.number().int().min(1).max(1000).default(1000),
});

export interface Verification {
  readonly merge: string;
  readonly sampledKeys: number;
  readonly differentKeys: readonly string[];
  readonly byOtherRules: readonly string[];
}

export async function runVerify(
  { merge, perMille }: z.output<typeof verifyInput>,
  deps: CommandDeps,
): Promise<Verification> {
  await using desk = await openDesk(deps);
  const found = await desk.give({
    path: pathOf(["merges", merge, "verify"]),
    body: { perMille },
    loadSchema: answers.shadowCheck,
    ask: (watersmeet) => watersmeet.merges.verify(requireMerge(watersmeet, merge).key, perMille),
  });
  return { merge, ...found };
}

const shownKeys = 10;

export function renderVerification(verification: Verification, style: Style): string {
  return [...renderFindings(verification, style), ...renderUnchecked(verification, style)].join("\n");
}

function renderUnchecked({ merge, byOtherRules }: Verification, style: Style): readonly string[] {
  if (byOtherRules.length === 0) return [];
  const named = byOtherRules.filter((partition) => partition !== "").slice(0, shownKeys);
  const where = named.length === 0 ? merge : `${merge} @ ${named.join(", ")}`;
  return [style.yellow(`Not looked at: ${where}, made by other rules than the code has now. Run it, then verify.`)];
}

function renderFindings({ merge, sampledKeys, differentKeys }: Verification, style: Style): readonly string[] {
  const keys = countOf(sampledKeys, "key");
  if (differentKeys.length === 0) return [`${style.green("The same")}: ${keys} of ${merge} folded again`];
  const more = differentKeys.length - shownKeys;
  return [
    `${style.red(`${countOf(differentKeys.length, "key")} of ${keys} differ`)} from what the batches give; ${merge} is frozen`,
    ...differentKeys.slice(0, shownKeys).map((key) => `  ${stripControls(key)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    `After mending: watersmeet unfreeze ${merge} --reason …`,
  ];
}

const unfreezeInput = z.strictObject({ merge: z.string(), reason: orderInput.reason });

export async function runUnfreeze(
  { merge, reason }: z.output<typeof unfreezeInput>,
  deps: CommandDeps,
): Promise<{ readonly merge: string }> {
  await using desk = await openDesk(deps);
  await desk.give({
    path: pathOf(["merges", merge, "unfreeze"]),
    body: { reason },
    loadSchema: answers.nothing,
    ask: async (watersmeet) => {
      await watersmeet.merges.unfreeze(requireMerge(watersmeet, merge).key, deps.requestedBy, reason);
      return null;
    },
  });
  return { merge };
}

export const verifyCommand = bindCommand({
  definition: verifyDefinition,
  input: verifyInput,
  run: runVerify,
  render: renderVerification,
  toJson: ({ sampledKeys, differentKeys }) => ({ sampledKeys, differentKeys }),
  exitCode: ({ differentKeys }) => (differentKeys.length === 0 ? 0 : 3),
});

export const unfreezeCommand = bindCommand({
  definition: unfreezeDefinition,
  input: unfreezeInput,
  run: runUnfreeze,
  render: ({ merge }, style) => `${style.bold(merge)} publishes again`,
  toJson: ({ merge }) => ({ unfrozen: merge }),
});
