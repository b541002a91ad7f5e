/** What must hold; the numbers are those of docs/reference/faults.md. */
export type Oracle =
  | "S1"
  | "S2"
  | "S3"
  | "S4"
  | "S5"
  | "S6"
  | "S7"
  | "S8"
  | "S9"
  | "S10"
  | "S11"
  | "S12"
  | "S13"
  | "S14"
  | "I11";

export interface Finding {
  readonly oracle: Oracle;
  readonly message: string;
}

export interface Findings {
  add(oracle: Oracle, message: string): void;
  list(): readonly Finding[];
}

export function createFindings(): Findings {
  const found: Finding[] = [];
  return {
    add(oracle, message) {
      // What goes wrong once goes wrong again and again; the first few tell all.
      if (found.length < 20) found.push({ oracle, message });
    },
    list: () => found,
  };
}
