import type { CodeFacts } from "./code-facts.ts";
import { analyzeCodes } from "./codes/analyze.ts";
import { automationCodes } from "./codes/automation.ts";
import { configCodes } from "./codes/config.ts";
import { executionCodes } from "./codes/execution.ts";
import { gateCodes } from "./codes/gate.ts";
import { interfaceCodes } from "./codes/interface.ts";
import { ledgerCodes } from "./codes/ledger.ts";
import { mergeCodes } from "./codes/merge.ts";
import { planCodes } from "./codes/plan.ts";
import { schemaCodes } from "./codes/schema.ts";
import { storeCodes } from "./codes/store.ts";

/** The one table of error codes. A code is never renamed and never reused; `docs/reference/errors.md` is generated from it. */
export const codes = {
  ...analyzeCodes,
  ...automationCodes,
  ...configCodes,
  ...executionCodes,
  ...gateCodes,
  ...interfaceCodes,
  ...ledgerCodes,
  ...mergeCodes,
  ...planCodes,
  ...schemaCodes,
  ...storeCodes,
} as const satisfies Record<string, CodeFacts>;

export type ErrorCode = keyof typeof codes;
