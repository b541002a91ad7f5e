export type { CellPolicy, MergeBranch, MergePolicy } from "./policy.ts";
