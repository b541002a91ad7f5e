export type { Check, CheckMeasurement, RowPredicate } from "./check.ts";
